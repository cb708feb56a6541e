package dev

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// scramIterations is PostgreSQL's own number for the verifiers that it makes (scram_iterations).
const scramIterations = 4096

func passwordFile(folder, role string) string { return filepath.Join(folder, role) }

// givePasswords makes sure that each role of a server that is managed elsewhere has a password, and that the folder
// holds it. A role whose file is there keeps it. What is sent to the server is the verifier: its log must not hold a
// password.
func givePasswords(ctx context.Context, super, folder string) error {
	conn, err := pgx.Connect(ctx, super)
	if err != nil {
		return fmt.Errorf("connect as a superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of passwords: %w", err)
	}
	for _, role := range db.Roles() {
		file := passwordFile(folder, role)
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			continue // an error shows when the password is read
		}
		if err := givePassword(ctx, conn, role, file); err != nil {
			return fmt.Errorf("give %s a password: %w", role, err)
		}
	}
	return nil
}

func givePassword(ctx context.Context, conn *pgx.Conn, role, file string) error {
	if !slices.Contains(db.Roles(), role) {
		return fmt.Errorf("%s is none of our roles", role)
	}
	key := secret.New()
	verifier, err := scramVerifier(key.Reveal())
	if err != nil {
		return err
	}
	name := pgx.Identifier{role}.Sanitize()
	if _, err := conn.Exec(ctx, fmt.Sprintf("do $$ begin if not exists (select from pg_roles where rolname = '%s') then "+
		"create role %s login; end if; end $$", role, name)); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf("alter role %s password '%s'", name, verifier)); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(key.Reveal()), 0o600)
}

// scramVerifier is what PostgreSQL stores of a password for SCRAM-SHA-256 (RFC 5802 §3, RFC 7677).
func scramVerifier(password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive a key: %w", err)
	}
	mac := func(what string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(what))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s",
		scramIterations, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}
