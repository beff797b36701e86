package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/configwatch"
	"github.com/frontdesk-dev/frontdesk/internal/dashboard"
	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/observe"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Server is one tenant's data plane.
type Server struct {
	options  Options
	holder   tenant.Holder
	metrics  *observe.Metrics
	gate     *auth.Gate
	progress *progress
	shared   atomic.Pointer[shared] // nil before the first configuration
	started  time.Time

	draining atomic.Bool
	stopping chan struct{} // closed when the listeners are about to close

	publicListener, internalListener net.Listener
	public, internal                 *http.Server
	data                             *dataFolder // nil without one
	open                             Database    // what the current store was opened with; used by follow only
	retiring                         errgroup.Group
}

// New opens both listeners. It does not wait for a configuration. Run serves; without Run, call Close.
func New(ctx context.Context, options Options) (*Server, error) {
	options = options.withDefaults()
	gate, err := auth.NewGate(options.Clock)
	if err != nil {
		return nil, err
	}
	if options.CacheMaxSize, err = cacheMaxSize(options.CacheMaxSize); err != nil {
		return nil, err
	}
	trusted, err := trustedProxies(options.TrustedProxies)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: options, metrics: observe.NewMetrics(), gate: gate, progress: newProgress(),
		started: options.Clock(), stopping: make(chan struct{}),
	}
	if options.OpenStore == nil {
		s.options.OpenStore = openStore(options.Logger, s.housekept)
	}
	s.measureBackground()
	if options.DataFolder != "" {
		if s.data, err = openDataFolder(options.DataFolder); err != nil {
			return nil, err
		}
	}
	var listen net.ListenConfig
	if s.publicListener, err = listen.Listen(ctx, "tcp", options.PublicAddress); err != nil {
		return nil, fmt.Errorf("listen for the public: %w", err)
	}
	if s.internalListener, err = listen.Listen(ctx, "tcp", options.InternalAddress); err != nil {
		return nil, errors.Join(fmt.Errorf("listen internally: %w", err), s.publicListener.Close())
	}
	s.measureCache()
	s.metrics.ShowKeyEnds(s.keyEnds)
	s.public = s.httpServer(s.publicHandler(trusted)) //nolint:contextcheck // handlers have the contexts of their requests
	s.public.ConnContext = httpapi.WithConnection
	s.internal = s.httpServer(s.internalHandler())
	return s, nil
}

// PublicAddr is where the API and the dashboard listen.
func (s *Server) PublicAddr() net.Addr { return s.publicListener.Addr() }

// InternalAddr is where health, metrics and status listen.
func (s *Server) InternalAddr() net.Addr { return s.internalListener.Addr() }

// Close releases the listeners of a server that is not going to Run.
func (s *Server) Close() error {
	return errors.Join(s.publicListener.Close(), s.internalListener.Close())
}

func (s *Server) publicHandler(trustedProxies []string) http.Handler {
	router := httpapi.New(httpapi.Options{
		Holder: &s.holder, Logger: s.options.Logger, Metrics: s.metrics, Clock: s.options.Clock, Draining: s.draining.Load,
		TrustedProxies: trustedProxies, AllowedOrigins: s.options.AllowedOrigins, WithTimeout: s.options.WithTimeout,
	})
	pages := dashboard.New(s.options.Logger, s.options.Clock)
	router.With(s.holder.Bind(pages.NotConfigured)).Mount("/dashboard", pages.Routes())
	router.Get("/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/dashboard", http.StatusSeeOther)
	})
	return router
}

// httpServer bounds what a slow or hostile client can hold on to. The longest answer is a status that waits.
func (s *Server) httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      tenantconfig.StatusWait + 20*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelWarn),
	}
}

// Run serves until ctx ends, then drains: it reports itself not ready, keeps serving for the drain delay, lets
// requests in flight finish, and closes the database. The error is nil after a clean stop.
func (s *Server) Run(ctx context.Context) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	updates, err := configwatch.Watch(running, s.options.ConfigFolder, configwatch.Options{Poll: s.options.Poll, Logger: s.options.Logger})
	if err != nil {
		return errors.Join(err, s.Close())
	}
	group, failed := errgroup.WithContext(running)
	group.Go(func() error { return serve(s.public, gathering{s.publicListener}) })
	group.Go(func() error { return serve(s.internal, s.internalListener) })
	group.Go(func() error { s.follow(running, updates); return nil })
	group.Go(func() error { s.handOn(running); return nil })
	s.options.Logger.InfoContext(ctx, "listening", "public", s.PublicAddr().String(), "internal", s.InternalAddr().String())

	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	shutdownErr := s.shutDown(running)
	stop() // ends the watch
	return errors.Join(group.Wait(), shutdownErr, s.closeStore())
}

func serve(server *http.Server, listener net.Listener) error {
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	return nil
}

func (s *Server) drainDelay() time.Duration {
	if s.options.DrainDelay != DrainDelayByPlace {
		return s.options.DrainDelay
	}
	if current := s.holder.Current(); current != nil && !runsAlone(current.Document) {
		return ClusterDrainDelay
	}
	return 0
}

// runsAlone says whether no operator looks after this server.
func runsAlone(document *tenantconfig.Document) bool { return document.Tenant.Namespace == "" }

func (s *Server) shutDown(ctx context.Context) error {
	s.draining.Store(true)
	delay := s.drainDelay()
	s.options.Logger.InfoContext(ctx, "draining", "delay", delay.String())
	timer := time.NewTimer(delay)
	defer timer.Stop()
	<-timer.C
	close(s.stopping) // ends status requests that wait
	limited, cancel := context.WithTimeout(ctx, s.options.ShutdownTimeout)
	defer cancel()
	// The internal listener goes last: it answers health checks until the public one is empty.
	return errors.Join(end(limited, s.public), end(limited, s.internal))
}

// end lets a server's requests finish while there is time, and cuts off the rest, so that the database can be closed.
func end(limited context.Context, server *http.Server) error {
	err := server.Shutdown(limited)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests were cut off: %w", err), server.Close())
	}
	return err
}

// closeStore closes the last database, and waits for those that were replaced before.
func (s *Server) closeStore() error {
	if last := s.holder.Swap(nil); last != nil {
		s.retiring.Go(last.Store.Retire)
	}
	if err := s.retiring.Wait(); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	if err := s.adopt(nil); err != nil {
		return fmt.Errorf("close Redis: %w", err)
	}
	s.options.Logger.Info("stopped")
	return nil
}
