package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// childVariable makes the test binary start a server, say where, and wait to be killed.
const childVariable = "FRONTDESK_PGTEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(Main(m))
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	server, err := Start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server.process.cmd.Process.Pid, server.folder)
	select {} // until the test kills this process
}

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	for i, url := range []string{URL(t), URL(t), EmptyURL(t)} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		var schema bool
		err = conn.QueryRow(t.Context(), `SELECT to_regclass('bookings') IS NOT NULL`).Scan(&schema)
		if err != nil || schema != (i < 2) {
			t.Errorf("database %d has the schema: %v, %v", i, schema, err)
		}
		if _, err := conn.Exec(t.Context(), `CREATE TABLE mine (id int)`); err != nil {
			t.Errorf("database %d is not fresh: %v", i, err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestNoOrphans kills a test binary and waits until its server is gone, and its folder with the next start.
func TestNoOrphans(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), program)
	child.Env = append(os.Environ(), childVariable+"=1")
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the child started no server: %v", err)
	}
	pidText, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
	pid, err := strconv.Atoi(pidText)
	if err != nil || !alive(pid) {
		t.Fatalf("the child's server, process %q, does not run: %v", pidText, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed

	deadline := time.Now().Add(30 * time.Second)
	for alive(pid) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlives the test that started it", pid)
		}
		time.Sleep(pollInterval) // between two looks
	}
	removeAbandoned()
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("a folder as young as that may be another test's, made a moment ago: %v", err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(folder, old, old); err != nil {
		t.Fatal(err)
	}
	removeAbandoned()
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the dead test's folder is still there: %v", err)
	}
}

func TestRestartKeepsData(t *testing.T) {
	t.Parallel()
	server, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := server.exec(t.Context(), `CREATE TABLE kept (id int)`); err != nil {
		t.Fatal(err)
	}
	url := server.URL("postgres")
	if err := errors.Join(server.Halt(), server.Boot(t.Context())); err != nil {
		t.Fatal(err)
	}
	if server.URL("postgres") != url {
		t.Error("the server came back at another address")
	}
	if err := server.exec(t.Context(), `SELECT * FROM kept`); err != nil {
		t.Errorf("the restarted server lost its data: %v", err)
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(server.folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a stopped server leaves its folder: %v", err)
	}
}

func TestMissingPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		// Debian's folder is looked at after PATH.
		if _, err := findBinaries(); err != nil {
			t.Errorf("the programs in %s were not found: %v", found[0], err)
		}
		return
	}
	if _, err := findBinaries(); err == nil || !strings.Contains(err.Error(), "make deps") {
		t.Errorf("%v; want to be told how to install Postgres", err)
	}
}

// alive says whether a process runs; one that has ended and waits for its parent does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
