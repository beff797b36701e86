package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// listenCheck is how long a silent connection is believed before it is asked whether it still lives.
	listenCheck = 10 * time.Second
	// firstReconnect and lastReconnect bound the wait before listening is tried again.
	firstReconnect = 100 * time.Millisecond
	lastReconnect  = 5 * time.Second
)

// listener hears one channel of NOTIFY on a connection of its own, and gets over interruptions.
type listener struct {
	config  *pgx.ConnConfig
	channel string
	// ignore is a payload that is not told; empty for none.
	ignore string
	log    *slog.Logger
	// hear is called with true when listening has begun and after each notification, and with false at each
	// interruption.
	hear func(hearing bool)
}

// run listens until ctx ends.
func (l *listener) run(ctx context.Context) {
	wait := firstReconnect
	for ctx.Err() == nil {
		began, err := l.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if began {
			l.hear(false)
			wait = firstReconnect
		}
		l.log.WarnContext(ctx, "the database's announcements are not heard; it is tried again", "channel", l.channel, "in", wait.String(), "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, lastReconnect)
	}
}

// once listens until the connection fails. It says whether listening had begun.
func (l *listener) once(ctx context.Context) (began bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer func() {
		// The context may have ended, and a connection that does not answer is not worth waiting for.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
		defer cancel()
		_ = conn.Close(limited)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{l.channel}.Sanitize()); err != nil {
		return false, fmt.Errorf("listen: %w", err)
	}
	l.hear(true)
	for {
		if err := l.await(ctx, conn); err != nil {
			return true, err
		}
	}
}

// await waits for a notification or, after a long silence, for a sign of life.
func (l *listener) await(ctx context.Context, conn *pgx.Conn) error {
	silent, cancel := context.WithTimeout(ctx, listenCheck)
	defer cancel()
	notification, err := conn.WaitForNotification(silent)
	if err == nil {
		if l.ignore == "" || notification.Payload != l.ignore {
			l.hear(true)
		}
		return nil
	}
	if ctx.Err() != nil || silent.Err() == nil {
		return fmt.Errorf("wait: %w", err)
	}
	limited, cancelPing := context.WithTimeout(ctx, pingTimeout)
	defer cancelPing()
	if err := conn.Ping(limited); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}
