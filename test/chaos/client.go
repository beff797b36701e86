package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

const (
	// answerTimeout bounds one request; giveUp bounds how long a change is repeated.
	answerTimeout = 5 * time.Second
	giveUp        = 30 * time.Second
	// impatience is how many of a hundred clients' changes are given up at the first failure.
	impatience = 20
	// pauseBefore is the longest pause before a request is repeated.
	pauseBefore = 20 * time.Millisecond
)

// crowd is what the clients of one topology share.
type crowd struct {
	history *history
	servers []*rig.Server
	key     string
	http    *http.Client
	arena   *arena

	mu         sync.Mutex
	unexpected []string
}

func (c *crowd) surprise(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unexpected = append(c.unexpected, fmt.Sprintf(format, args...))
}

// client books, cancels and reads until the context ends.
func (c *crowd) client(ctx context.Context, number int) {
	random := rand.New(rand.NewPCG(uint64(number), uint64(time.Now().UnixNano())))
	for n := 0; ctx.Err() == nil; n++ {
		slot := c.arena.pick(random)
		switch roll := random.IntN(100); {
		case roll < 50:
			c.book(ctx, number, random, slot, fmt.Sprintf("%s-%d-%d", c.arena.name, number, n))
		case roll < 80:
			if living, found := c.arena.take(random); found {
				c.cancel(ctx, number, random, living, fmt.Sprintf("%s-cancel-%d-%d", c.arena.name, number, n))
			}
		case roll < 90:
			c.look(ctx, number, random, slot)
		default:
			if living, found := c.arena.peek(random); found {
				c.get(ctx, number, random, living)
			}
		}
	}
}

func (c *crowd) book(ctx context.Context, number int, random *rand.Rand, slot slot, key string) {
	body := fmt.Sprintf(`{"service":%q,"resource":%q,"start":%q,"customer":{"name":"Ann Miller","email":"ann-%s@example.com"},"notes":%q}`,
		visit, slot.chair, slot.start.Format(time.RFC3339), key, key)
	called := c.history.now()
	status, answer := c.change(ctx, random, "/api/v1/bookings", key, body)
	output := told{Outcome: unknown}
	switch {
	case status == http.StatusCreated:
		output.Outcome = done
		c.arena.add(living{slot: slot, key: key, id: answer.Data.ID})
	case status == http.StatusConflict && answer.Code == "SLOT_TAKEN":
		output.Outcome = refused
	case status != 0:
		c.surprise("book: %d %s", status, answer.Code)
	}
	c.history.add(number, called, asked{book, slot.name(), key}, output)
}

func (c *crowd) cancel(ctx context.Context, number int, random *rand.Rand, l living, once string) {
	called := c.history.now()
	status, answer := c.change(ctx, random, "/api/v1/bookings/"+l.id+"/cancel", once, `{"reason":"chaos"}`)
	output := told{Outcome: unknown}
	switch {
	case status == http.StatusOK:
		output.Outcome = done
	case status == http.StatusConflict && answer.Code == "ALREADY_CANCELLED":
		output.Outcome = refused
	case status != 0:
		c.surprise("cancel: %d %s", status, answer.Code)
	}
	c.history.add(number, called, asked{cancel, l.slot.name(), l.key}, output)
}

// look reads who lives in a slot. A read without an answer has no effect, so it is left out.
func (c *crowd) look(ctx context.Context, number int, random *rand.Rand, slot slot) {
	called := c.history.now()
	query := url.Values{"resource": {slot.chair}, "status": {"confirmed"},
		"from": {slot.start.Format(time.RFC3339)}, "to": {slot.start.Add(time.Minute).Format(time.RFC3339)}}
	status, answer := c.once(ctx, random, http.MethodGet, "/api/v1/bookings?"+query.Encode(), "", "")
	switch bookings := answer.Data.Bookings; {
	case status == http.StatusOK && len(bookings) <= 1:
		output := told{Outcome: seen}
		if len(bookings) == 1 {
			output.Key = bookings[0].Notes
		}
		c.history.add(number, called, asked{Kind: look, Slot: slot.name()}, output)
	case status == http.StatusOK:
		c.surprise("%d bookings live in %s", len(bookings), slot.name())
	case status != 0:
		c.surprise("list: %d %s", status, answer.Code)
	}
}

func (c *crowd) get(ctx context.Context, number int, random *rand.Rand, l living) {
	called := c.history.now()
	status, answer := c.once(ctx, random, http.MethodGet, "/api/v1/bookings/"+l.id, "", "")
	output := told{Outcome: seenDead}
	switch {
	case status == http.StatusOK && answer.Data.Status == "confirmed":
		output.Outcome = seenAlive
	case status == http.StatusOK:
	case status != 0:
		c.surprise("get: %d %s", status, answer.Code)
		return
	default:
		return
	}
	c.history.add(number, called, asked{get, l.slot.name(), l.key}, output)
}

// answer is what of any answer matters here.
type answer struct {
	Code string
	Data struct {
		ID, Status string
		Bookings   []struct{ Notes string }
	}
}

// change sends a change until its outcome is known, or until the client loses patience: then the status is 0.
func (c *crowd) change(ctx context.Context, random *rand.Rand, path, key, body string) (int, answer) {
	patient := random.IntN(100) >= impatience
	for began := time.Now(); ; {
		status, got := c.once(ctx, random, http.MethodPost, path, key, body)
		if status != 0 || !patient || ctx.Err() != nil || time.Since(began) > giveUp {
			return status, got
		}
		time.Sleep(time.Duration(random.Int64N(int64(pauseBefore)))) // so that the retries of all do not come at once
	}
}

// once sends a request to some server. The status is 0 when no answer came, or one that leaves the outcome open: any
// 5xx.
func (c *crowd) once(ctx context.Context, random *rand.Rand, method, path, key, body string) (status int, got answer) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout) // at the end, requests under way finish
	defer stop()
	server := c.servers[random.IntN(len(c.servers))]
	request, err := http.NewRequestWithContext(ctx, method, "http://"+server.Public+path, bytes.NewReader([]byte(body)))
	if err != nil {
		c.surprise("request: %v", err)
		return 0, got
	}
	request.Header.Set("X-API-Key", c.key)
	if key != "" {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, got // its server was killed
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusInternalServerError {
		return 0, got
	}
	if err := json.Unmarshal(text, &got); err != nil {
		c.surprise("%s %s: %d with a body that is no JSON: %v", method, path, response.StatusCode, err)
		return 0, got
	}
	return response.StatusCode, got
}
