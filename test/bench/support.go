package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

// database makes an empty, migrated database.
func (b *bench) database(ctx context.Context, name string) (url string, err error) {
	if err := execute(ctx, b.postgres.URL("postgres"), "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	url = b.postgres.URL(name)
	_, err = postgres.Migrate(ctx, url)
	return url, err
}

func execute(ctx context.Context, url, sql string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// count returns what one query counts.
func count(ctx context.Context, url, sql string) (n int, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	err = conn.QueryRow(ctx, sql).Scan(&n)
	return n, err
}

func (b *bench) startServer(ctx context.Context, name string, document *tenantconfig.Document, url string) (*rig.Server, error) {
	folder, err := b.subfolder(name)
	if err != nil {
		return nil, err
	}
	server, err := rig.NewServer(ctx, b.server, folder, document, url)
	if err != nil {
		return nil, err
	}
	_, err = server.Start(ctx)
	return server, err
}

// stopServer stops a server at the end of a part and tells the part's error if there is none yet.
func stopServer(server *rig.Server, err *error) {
	if stopErr := server.Stop(); *err == nil {
		*err = stopErr
	}
}

// profile keeps a processor profile of the server while load runs.
func (b *bench) profile(ctx context.Context, server *rig.Server, name string, load func() error) error {
	if err := os.MkdirAll(b.profiles, 0o755); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		done <- server.Profile(ctx, filepath.Join(b.profiles, name+".pprof"), max(time.Second, b.each-time.Second/2))
	}()
	if err := errors.Join(load(), <-done); err != nil {
		return fmt.Errorf("profile %s: %w", name, err)
	}
	return nil
}
