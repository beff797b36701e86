package configwatch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Update is one state of the folder: a valid configuration, or the reason why there is none.
type Update struct {
	// Revision is the content's digest; empty when the folder could not be read.
	Revision string
	// Bundle is what was read, good or bad; nil when the folder could not be read.
	Bundle tenantconfig.Bundle
	// Document is set when Err is nil.
	Document *tenantconfig.Document
	// Err says why this revision cannot be used.
	Err error
}

func (u Update) same(other Update) bool {
	if u.Revision != other.Revision || (u.Err == nil) != (other.Err == nil) {
		return false
	}
	return u.Err == nil || u.Err.Error() == other.Err.Error()
}

// Options tune a watch. The zero value is what production uses.
type Options struct {
	// Poll is how often the folder is read without being told to; default 10 s.
	Poll time.Duration
	// Settle is how long the folder must be quiet before it is read; default 25 ms.
	Settle time.Duration
	// MaxSettle bounds how long a folder that never falls quiet is left unread; default 500 ms.
	MaxSettle time.Duration
	Logger    *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Poll == 0 {
		o.Poll = 10 * time.Second
	}
	if o.Settle == 0 {
		o.Settle = 25 * time.Millisecond
	}
	if o.MaxSettle == 0 {
		o.MaxSettle = 500 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Watch reads the folder at once and again at every change until ctx ends, when it closes the channel. Each
// state is handed over once. A receiver that is slow gets the newest state, not each one in between.
func Watch(ctx context.Context, folder string, options Options) (<-chan Update, error) {
	notifier, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch configuration folder: %w", err)
	}
	w := &watch{folder: folder, options: options.withDefaults(), notifier: notifier, updates: make(chan Update)}
	go w.run(ctx)
	return w.updates, nil
}

type watch struct {
	folder   string
	options  Options
	notifier *fsnotify.Watcher
	updates  chan Update

	settle  *time.Timer // when the folder is read next
	last    *Update     // the newest state seen
	suspect *Update     // a bad state that was seen once
	pending chan Update // w.updates while last is not handed over, else nil
	changed time.Time   // when the current burst of changes began; zero when quiet
}

func (w *watch) run(ctx context.Context) {
	defer close(w.updates)
	defer func() {
		if err := w.notifier.Close(); err != nil {
			w.options.Logger.WarnContext(ctx, "closing the configuration watch failed", "error", err)
		}
	}()
	poll := time.NewTicker(w.options.Poll)
	defer poll.Stop()
	w.settle = time.NewTimer(0) // fires at once: the first read
	defer w.settle.Stop()
	for {
		var next Update
		if w.last != nil {
			next = *w.last
		}
		select {
		case <-ctx.Done():
			return
		case w.pending <- next:
			w.pending = nil
		case <-w.notifier.Events:
			w.settle.Reset(w.quietFor())
		case err := <-w.notifier.Errors:
			// An overflow loses events: read once more than needed rather than once too few.
			w.options.Logger.WarnContext(ctx, "watching the configuration folder failed; reading it again", "error", err)
			w.settle.Reset(w.quietFor())
		case <-w.settle.C:
			w.read()
		case <-poll.C:
			if !w.isCurrent() {
				w.settle.Reset(w.quietFor()) // it may be in the middle of being written
			}
		}
	}
}

// quietFor says how much longer the folder must stay quiet before it is read.
func (w *watch) quietFor() time.Duration {
	now := time.Now()
	if w.changed.IsZero() {
		w.changed = now
	}
	left := w.changed.Add(w.options.MaxSettle).Sub(now)
	return max(0, min(w.options.Settle, left))
}

// isCurrent looks whether the folder is still as it was last seen.
func (w *watch) isCurrent() bool {
	w.subscribe()
	return w.last != nil && w.last.same(Read(w.folder))
}

// subscribe is repeated because the folder may not have existed, or may have been replaced. That it
// cannot be watched shows in what reading it says.
func (w *watch) subscribe() { _ = w.notifier.Add(w.folder) }

func (w *watch) read() {
	w.changed = time.Time{}
	w.subscribe()
	update := Read(w.folder)
	if w.last != nil && w.last.same(update) {
		return
	}
	if update.Err != nil && (w.suspect == nil || !w.suspect.same(update)) {
		// A file that is just being written looks broken: only what stays broken is reported.
		w.suspect = &update
		w.settle.Reset(w.quietFor())
		return
	}
	w.suspect = nil
	w.last, w.pending = &update, w.updates
}

// maxReads bounds how often a folder that keeps changing is read for one update.
const maxReads = 5

// Read returns the folder's present state.
func Read(folder string) Update {
	bundle, err := readStable(folder)
	if err != nil {
		return Update{Err: err}
	}
	update := Update{Revision: bundle.Revision(), Bundle: bundle}
	if update.Document, err = bundle.Document(); err != nil {
		update.Document, update.Err = nil, err
	}
	return update
}

// readStable reads until two reads in a row agree. The files of a mounted Secret are swapped together,
// but can only be read one after the other.
func readStable(folder string) (tenantconfig.Bundle, error) {
	previous := ""
	for range maxReads {
		bundle, err := tenantconfig.ReadBundle(folder)
		if err != nil {
			return nil, err
		}
		revision := bundle.Revision()
		if revision == previous {
			return bundle, nil
		}
		previous = revision
	}
	return nil, fmt.Errorf("read configuration: %s keeps changing while it is read", folder)
}
