package follow

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// silence is how long nothing may come: the server says something every 4 seconds (docs/events.md).
	silence = 10 * time.Second
	// firstRetry and lastRetry are the waits between attempts to connect.
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
	// longest is the longest line of the stream. An event has at most 8 KiB of data.
	longest = 64 << 10
)

// Query says which events are printed.
type Query struct {
	// After is the number of the last event that is not printed. Negative: only what happens from now on, or all that
	// there is without Follow.
	After int64
	// Types are kinds ("session") or types ("key.ended") of events. None: all.
	Types []string
	// Follow goes on until it is stopped. Otherwise the stream ends with what there is.
	Follow bool
}

// Event is an event as the server sent it.
type Event struct {
	Type    string    `json:"type"`
	Seq     int64     `json:"seq"`
	Time    time.Time `json:"time"`
	Actor   string    `json:"actor"`
	Subject struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"subject"`
	Data json.RawMessage `json:"data"`
	// Raw is the whole message.
	Raw json.RawMessage `json:"-"`
}

// Missing tells whether the message says that events before it are missing.
func (e Event) Missing() bool { return e.Type == events.ResetType }

// refusal is an answer that another attempt would not change.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

// Client follows the events of one organisation.
type Client struct {
	config Config
	query  Query
	show   func(Event) error
	last   int64         // everything up to this number was printed; negative: nothing yet
	wait   time.Duration // that the server asked for
	http   *http.Client
	// first and silence are the constants; tests have shorter ones.
	first, silence time.Duration
}

// New makes a client. show is called for each event, in order, and for the message that some are missing.
func New(c Config, q Query, show func(Event) error) *Client {
	last := q.After
	if last < 0 && !q.Follow {
		last = 0
	}
	return &Client{config: c, query: q, show: show, last: last, first: firstRetry, silence: silence,
		// The token goes to the server that was named, and to no other.
		http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Run prints events until ctx is done, or without Query.Follow until there are no more. It returns nil then. With
// Follow it waits for what does not last, such as a server that is away or a lost network, and says so to log. It
// returns an error when access is refused or has ended.
func (c *Client) Run(ctx context.Context, log func(string)) error {
	for retry := c.first; ; {
		began := time.Now()
		done, err := c.connect(ctx)
		switch refused, is := errors.AsType[refusal](err); {
		case ctx.Err() != nil, done:
			return nil
		case is:
			return refused
		case !c.query.Follow:
			return err
		}
		if time.Since(began) > lastRetry {
			retry = c.first
		}
		wait := max(c.wait, periodic.Spread(retry))
		c.wait, retry = 0, min(2*retry, lastRetry)
		log(fmt.Sprintf("the connection was lost (%v), next attempt in %v", err, wait.Round(100*time.Millisecond)))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// connect prints what one connection brings. done: there is no more to come.
func (c *Client) connect(ctx context.Context) (done bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(c.silence, func() { cancel(errors.New("the server is silent")) })
	defer quiet.Stop()
	response, err := c.ask(ctx)
	if err != nil {
		return false, cmp.Or(context.Cause(ctx), err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		quiet.Reset(c.silence)
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if done, err = c.take([]byte(data)); done || err != nil {
			return done, err
		}
	}
	return false, cmp.Or(context.Cause(ctx), lines.Err(), io.ErrUnexpectedEOF)
}

// ask opens the stream.
func (c *Client) ask(ctx context.Context) (*http.Response, error) {
	q := url.Values{}
	if c.last >= 0 {
		q.Set("after", strconv.FormatInt(c.last, 10))
	}
	if len(c.query.Types) > 0 {
		q.Set("type", strings.Join(c.query.Types, ","))
	}
	at := strings.TrimRight(c.config.URL, "/") + "/api/v1/events/stream?" + q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, refusal{"STREAMSPACE_URL is no URL"}
	}
	r.Header.Set("Authorization", "Bearer "+c.config.Token)
	response, err := c.http.Do(r)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return nil, fmt.Errorf("the server cannot be reached: %w", failed.Err) // without the address, which the user knows
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	c.wait = time.Duration(min(seconds, 300)) * time.Second
	said := "the server answers " + response.Status
	var problem struct{ Detail string }
	err = json.NewDecoder(io.LimitReader(response.Body, longest)).Decode(&problem)
	if err == nil && problem.Detail != "" {
		said = problem.Detail
	}
	if response.StatusCode >= http.StatusInternalServerError || response.StatusCode == http.StatusTooManyRequests {
		return nil, errors.New(said)
	}
	return nil, refusal{said}
}

// take prints one message, if it is an event. done: it says that nothing more is there, and nobody wants to wait.
func (c *Client) take(text []byte) (done bool, err error) {
	e := Event{Raw: text}
	if err := json.Unmarshal(text, &e); err != nil {
		return false, fmt.Errorf("the server sent no message: %w", err)
	}
	switch e.Type {
	case events.HeartbeatType:
		c.last = e.Seq
		return !c.query.Follow, nil
	case events.ClosingType:
		var why struct {
			Detail     string
			RetryAfter float64 `json:"retry_after"`
		}
		if err := json.Unmarshal(e.Data, &why); err != nil {
			return false, fmt.Errorf("the server sent no reason: %w", err)
		}
		c.wait = time.Duration(min(why.RetryAfter, 300) * float64(time.Second))
		return false, errors.New(why.Detail)
	}
	if err := c.show(e); err != nil {
		return false, refusal{err.Error()}
	}
	c.last = e.Seq
	return false, nil
}
