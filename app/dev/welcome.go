package dev

import (
	"fmt"
	"strings"
	"time"
)

// welcome prints the address, the logins, and an example request.
func (d *dev) welcome(logins []login, took time.Duration) {
	url := d.Server.URL()
	var b strings.Builder
	fmt.Fprintf(&b, "\nStreamSpace runs at %s (ready in %.1f s; data in %s)\n\n", url, took.Seconds(), d.Data)
	for _, l := range logins {
		fmt.Fprintf(&b, "  %-8s %s\n", l.org, strings.Join(l.emails, "  "))
	}
	fmt.Fprintf(&b, "  password %s\n\n", logins[0].password)
	fmt.Fprintf(&b, "Try it from a shell:\n  curl -s %s/api/v1/auth/login -H 'Content-Type: application/json' \\\n"+
		"    -d '{\"email\":\"%s\",\"password\":\"%s\"}'\n\nCtrl-C stops everything; the data stays.\n",
		url, logins[0].emails[2], logins[0].password)
	d.say("%s", b.String())
}
