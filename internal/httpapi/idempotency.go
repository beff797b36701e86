package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

const keyOfRequest = "Idempotency-Key"

// replayedHeader says of an answer that it repeats an earlier one.
const replayedHeader = "Idempotency-Replayed"

// Idempotency is the header by which a repeated request has one effect.
type Idempotency struct {
	Key string `header:"Idempotency-Key" minLength:"1" maxLength:"255" pattern:"^[\\x21-\\x7E]+$" doc:"Any text of your own for this one request, in visible ASCII characters. The same request with the same key has one effect, and every repetition is answered with what the first one did. That it was refused because of what is booked, with 409, is an answer too: to try again, use a new key." example:"order-7f3a"`
}

type sentBodyKey struct{}

// keepBody remembers the body of a request that has an idempotency key, as it was sent.
func keepBody(ctx huma.Context, next func(huma.Context)) {
	if ctx.Header(keyOfRequest) == "" {
		next(ctx)
		return
	}
	r, _ := humachi.Unwrap(ctx)
	sent := &bytes.Buffer{}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r.Body, sent), r.Body}
	next(huma.WithValue(ctx, sentBodyKey{}, sent))
}

// claim ties the request to its key; nil without one. What is hashed is the body as the caller sent it, so that a server
// that knows more fields than the one before sees the same request in the same body; white space and the order of
// properties do not matter. Parts are what the request says besides: in its path and its headers.
func (i Idempotency) claim(ctx context.Context, route string, parts ...any) (*booking.IdempotencyClaim, error) {
	if i.Key == "" {
		return nil, nil
	}
	var body []byte
	if sent, ok := ctx.Value(sentBodyKey{}).(*bytes.Buffer); ok {
		body = sent.Bytes()
	}
	hash, err := requestHash(body, parts...)
	if err != nil {
		return nil, err
	}
	return &booking.IdempotencyClaim{Principal: principalOf(ctx).Actor(), Route: route, Key: i.Key, BodyHash: hash}, nil
}

// requestHash is stored for as long as keys are: another hash of the same request would refuse repetitions of those that
// came before an upgrade.
func requestHash(body []byte, parts ...any) ([sha256.Size]byte, error) {
	request := append([]any{}, parts...)
	if len(body) > 0 {
		var content any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber() // keeps every digit
		if err := decoder.Decode(&content); err != nil {
			return [sha256.Size]byte{}, fmt.Errorf("hash request: %w", err)
		}
		request = append(request, content)
	}
	canonical, err := json.Marshal(request) // sorts properties
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("hash request: %w", err)
	}
	return sha256.Sum256(canonical), nil
}
