package server

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// Options are what a server is started with. Everything else comes from the configuration folder.
type Options struct {
	// ConfigFolder holds tenant.yaml and the secrets it names.
	ConfigFolder string
	// DataFolder makes the server standalone: relative database paths are inside it, and an API key is made
	// on first start if the document brings none. Empty in a cluster.
	DataFolder string
	// PublicAddress and InternalAddress are host:port; port 0 takes a free one.
	PublicAddress, InternalAddress string
	// DrainDelay is how long the server keeps serving after it has been asked to stop, so that whoever
	// balances load can notice.
	DrainDelay time.Duration
	// ShutdownTimeout bounds how long requests in flight may take after that; default 25 s.
	ShutdownTimeout time.Duration
	Logger          *slog.Logger
	// Announce is where a generated API key is shown, once. It is not the log.
	Announce io.Writer
	// Clock says what is now; default time.Now.
	Clock func() time.Time
	// OpenStore opens a database; default the store made for its engine.
	OpenStore func(ctx context.Context, database Database) (booking.Store, error)
	// Poll is how often the configuration folder is read without being told to; see configwatch.
	Poll time.Duration
}

func (o Options) withDefaults() Options {
	if o.ShutdownTimeout == 0 {
		o.ShutdownTimeout = 25 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Announce == nil {
		o.Announce = io.Discard
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.OpenStore == nil {
		o.OpenStore = openStore(o.Logger)
	}
	return o
}
