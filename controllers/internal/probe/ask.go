package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	dialTimeout = 3 * time.Second
	// askTimeout leaves a server that waits as long as it may the time to answer.
	askTimeout = tenantconfig.StatusWait + 10*time.Second
	// atOnceTimeout is for a question that nothing has to be waited for.
	atOnceTimeout = dialTimeout + 2*time.Second
	maxBodySize   = 1 << 20
)

// bufferSize, in bytes, holds a question and most answers; of a longer answer it is read in parts. While a fleet rolls
// there is a connection to nearly every pod, and each has two buffers.
const bufferSize = 1 << 10

// podTransport reaches pods directly: no proxy, and no connection outlives its question. The next one comes half a minute
// after an answer that leaves nothing to ask, and to keep a connection to each pod for it costs far more memory than to
// make one within the cluster costs time.
func podTransport() http.RoundTripper {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		ResponseHeaderTimeout: askTimeout,
		DisableKeepAlives:     true,
		ReadBufferSize:        bufferSize,
		WriteBufferSize:       bufferSize,
	}
}

// ask sends one request: one that waits for the wanted revision, or one for whatever is served now. The
// error says what went wrong in words that do not change from one attempt to the next, because it
// becomes part of a status.
func (p *Prober) ask(ctx context.Context, w *worker, wait bool) Answer {
	address := url.URL{Scheme: "http", Host: w.pod.Address, Path: tenantconfig.StatusPath}
	if wait {
		address.RawQuery = url.Values{"until": {w.revision}}.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return Answer{Err: err}
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	response, err := p.http.Do(request)
	if err != nil {
		return Answer{Err: fmt.Errorf("cannot be reached on port %s: %w", address.Port(), plain(err))}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return Answer{Err: fmt.Errorf("answered %s on %s", response.Status, tenantconfig.StatusPath)}
	}
	var answer Answer
	if err := json.NewDecoder(io.LimitReader(response.Body, maxBodySize)).Decode(&answer.Status); err != nil {
		return Answer{Err: errors.New("answered something that is no status document")}
	}
	return answer
}

// plain strips the parts of a network error that differ each time, such as the local port.
func plain(err error) error {
	var operation *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.As(err, &operation):
		return operation.Err
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
