package smtp

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/mail"
)

// compose writes a message as it is sent (RFC 5322). Names of people and organisations stand in it, so that headers are
// encoded: a line break in one cannot begin another header.
func (s *Sender) compose(m mail.Message) ([]byte, error) {
	var b bytes.Buffer
	for _, header := range [][2]string{
		{"From", s.from.String()},
		{"To", (&netmail.Address{Address: m.To}).String()},
		{"Subject", mime.QEncoding.Encode("utf-8", m.Subject)},
		{"Date", time.Now().Format(time.RFC1123Z)},
		{"Message-ID", "<" + uuid.NewString() + "@" + domainOf(s.from.Address) + ">"},
		{"Auto-Submitted", "auto-generated"}, // no answer of an absent person comes back (RFC 3834)
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		if strings.ContainsAny(header[1], "\r\n") {
			return nil, fmt.Errorf("%s has a line break", header[0])
		}
		b.WriteString(header[0] + ": " + header[1] + "\r\n")
	}
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b)
	if _, err := body.Write([]byte(strings.ReplaceAll(m.Text, "\n", "\r\n"))); err != nil {
		return nil, err
	}
	err := body.Close()
	return b.Bytes(), err
}
