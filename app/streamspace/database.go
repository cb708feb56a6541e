package main

import (
	"fmt"

	"github.com/jackc/pgx/v5"
)

// namedURL is the URL of a database, with the name of its setting. It is empty when the setting is not set.
type namedURL struct{ setting, url string }

// connectionOf returns how to connect to the database of the first of two settings that is set.
func connectionOf(first, second namedURL) (*pgx.ConnConfig, error) {
	used := first
	if used.url == "" {
		used = second
	}
	if used.url == "" {
		return nil, fmt.Errorf("neither %s nor %s is set", first.setting, second.setting)
	}
	config, err := pgx.ParseConfig(used.url)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be parsed", used.setting) // the error of pgx may contain the password
	}
	return config, nil
}
