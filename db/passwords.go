package db

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
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/ports/secret"
)

// scramIterations is PostgreSQL's own number for the verifiers that it makes (scram_iterations).
const scramIterations = 4096

// PasswordFile is the file of a role's password in a folder of them.
func PasswordFile(folder, role string) string { return filepath.Join(folder, role) }

// GivePasswords gives each role that logs in the password of its file in the folder. It makes the folder and the files
// that are missing, which only this program's user may read. The server is sent only a verifier, because its log may
// contain the statement. config is that of Prepare, which made the roles.
func GivePasswords(ctx context.Context, config *pgx.ConnConfig, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, preparePatience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect as the database's administrator: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of passwords: %w", err)
	}
	for _, role := range Roles() {
		if err := givePassword(ctx, conn, role, folder); err != nil {
			return fmt.Errorf("give %s a password: %w", role, err)
		}
	}
	return nil
}

// ReadPassword reads a role's password from its file in a folder, without the line end that an editor adds. It is the
// one reader of these files. The file must be closed to other users, as a key's.
func ReadPassword(folder, role string) (string, error) {
	b, err := secret.ReadFile(os.DirFS(folder), role)
	if err != nil {
		return "", fmt.Errorf("read the password of %s from %s: %w", role, PasswordFile(folder, role), err)
	}
	password := strings.TrimSpace(string(b))
	if password == "" {
		return "", fmt.Errorf("read the password of %s from %s: it is empty", role, PasswordFile(folder, role))
	}
	return password, nil
}

// givePassword keeps an existing password. Running the command again must not cut off programs that use it.
func givePassword(ctx context.Context, conn *pgx.Conn, role, folder string) error {
	password, err := ReadPassword(folder, role)
	if errors.Is(err, fs.ErrNotExist) {
		password = secret.New().Reveal()
		err = os.WriteFile(PasswordFile(folder, role), []byte(password), 0o600)
	}
	if err != nil {
		return err
	}
	verifier, err := scramVerifier(password)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("alter role %s password '%s'", pgx.Identifier{role}.Sanitize(), verifier))
	return err
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
