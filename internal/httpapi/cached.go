package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// An answer that may be a little old is kept as the bytes that are sent, with its entity tag in front. A request for one
// that is there ends before its parameters are read: what it says, word for word, is what names the answer.

// cacheability is how long an operation's answers are kept, and what ends that earlier. What else they depend on is
// the revision of the configuration, which is part of every name.
type cacheability struct {
	// kind is what the answers are counted as.
	kind   string
	ttl    time.Duration
	groups []string
}

// encoded is a successful answer that is kept as bytes: encoding one costs more than finding it. Without a body it is
// the answer to who has that one already.
type encoded struct {
	Status       int
	ContentType  string `header:"Content-Type" hidden:"true"`
	CacheControl string `header:"Cache-Control" hidden:"true"`
	ETag         string `header:"ETag" doc:"Names this very answer, for If-None-Match." example:"\"5f0c2b7a91d3e846\""`
	// ContentLength saves the chunks that an answer of unknown length is sent in.
	ContentLength string `header:"Content-Length" hidden:"true"`
	Body          []byte
}

// IfNoneMatch is the header by which a client says which answers it has. (Exported, as Idempotency is.)
type IfNoneMatch struct {
	Tags string `header:"If-None-Match" doc:"ETags of answers that you have kept. If the answer is still one of them, a 304 without a body says so." example:"\"5f0c2b7a91d3e846\""`
}

// revalidated lets the client keep an answer and ask whether it still holds.
const revalidated = "private, no-cache"

// tagLength is the length of an entity tag: 64 bits in hexadecimal, in quotes.
const tagLength = 16 + 2

// writeTag writes the entity tag of a body into the room in front of it. It comes from the bytes alone, so that all
// replicas give the same one.
func writeTag(kept []byte) {
	copy(kept, fmt.Sprintf("\"%016x\"", xxhash.Sum64(kept[tagLength:])))
}

func untagged(kept []byte) (tag string, body []byte) {
	return string(kept[:tagLength]), kept[tagLength:]
}

type questionKey struct{}

// fromCache answers a request whose answer is there. The others go on, and take the name of their answer along.
func fromCache(op operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		current := tenant.FromContext(ctx.Context())
		key := cache.Key{Kind: op.cached.kind, Name: op.id + " " + current.Revision + " " + r.URL.RawQuery, TTL: op.cached.ttl, Groups: op.cached.groups}
		kept, found := current.Cache.Get(key)
		if !found {
			next(huma.WithValue(ctx, questionKey{}, key))
			return
		}
		tag, body := untagged(kept)
		header := w.Header()
		header["Etag"], header["Cache-Control"] = []string{tag}, []string{revalidated}
		if matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		header["Content-Type"], header["Content-Length"] = []string{contentTypeJSON}, []string{strconv.Itoa(len(body))}
		announce(r, len(body))
		_, _ = w.Write(body) // a failure means that the client is gone
	}
}

type connectionKey struct{}

// WithConnection is for http.Server.ConnContext. A connection that can gather an answer into one write is told how long
// it is.
func WithConnection(ctx context.Context, connection net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connection)
}

// announce tells the request's connection that so many bytes of body are about to be written. HEAD has none.
func announce(r *http.Request, bytes int) {
	connection, ok := r.Context().Value(connectionKey{}).(interface{ Announce(bytes int) })
	if ok && r.Method != http.MethodHead {
		connection.Announce(bytes)
	}
}

// cached answers a request that fromCache has passed on, with the body that produce appends. Any number of them at the
// same time make the answer once.
func cached(ctx context.Context, condition IfNoneMatch, produce func(ctx context.Context, out []byte) ([]byte, error)) (*encoded, error) {
	key, _ := ctx.Value(questionKey{}).(cache.Key) // fromCache has put it there
	kept, err := tenant.FromContext(ctx).Cache.GetOrLoad(ctx, key, func(ctx context.Context) ([]byte, error) {
		kept, err := produce(ctx, make([]byte, tagLength))
		if err != nil {
			return nil, err
		}
		writeTag(kept)
		return kept, nil
	})
	if err != nil {
		return nil, err
	}
	tag, body := untagged(kept)
	answer := &encoded{Status: http.StatusOK, ETag: tag, CacheControl: revalidated}
	if matches(condition.Tags, tag) {
		answer.Status = http.StatusNotModified
		return answer, nil
	}
	answer.ContentType, answer.ContentLength, answer.Body = contentTypeJSON, strconv.Itoa(len(body)), body
	return answer, nil
}

func encode(body any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return buffer.Bytes(), nil
}
