package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/test/internal/report"
)

const (
	mergePatch = types.MergePatchType
	// convergePatience bounds every wait for the whole fleet; it is far above what is tolerated.
	convergePatience = 10 * time.Minute
)

// settings are what a run is given.
type settings struct {
	repository, bin, out string
	profiles             string // folder; empty for none
	tenants              int
	steady               time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := parse()
	var err error
	if isolated() {
		err = run(ctx, s)
	} else {
		err = isolate(ctx)
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit): // it has said why
		os.Exit(max(exit.ExitCode(), 1))
	default:
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func parse() settings {
	var s settings
	flag.StringVar(&s.repository, "repository", ".", "the repository's root")
	flag.StringVar(&s.bin, "bin", ".local/bin", "folder of the programs cluster and operator")
	flag.StringVar(&s.out, "out", "out/scale.json", "where the rows go")
	flag.StringVar(&s.profiles, "profiles", "", "folder for profiles of the operator; they cost a little speed")
	flag.IntVar(&s.tenants, "tenants", limitsFor, "how many tenants; the limits hold for 1000")
	flag.DurationVar(&s.steady, "steady", 5*time.Minute, "how long nothing may happen")
	flag.Parse()
	return s
}

func run(ctx context.Context, s settings) (err error) {
	if s.tenants < len(drifts) {
		return fmt.Errorf("-tenants is %d: there must be one for each of %d kinds of drift", s.tenants, len(drifts))
	}
	if err := leadPodsHere(ctx); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "frontdesk-scale-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a leftover in the temporary folder is no failure
	c, err := startCluster(ctx, filepath.Join(s.bin, "cluster"), folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := c.install(ctx, s.repository); err != nil {
		return err
	}
	if _, err := startStandin(ctx, c.config); err != nil {
		return err
	}
	f := &fleet{
		settings: s, cluster: c,
		operators: &operators{
			program: filepath.Join(s.bin, "operator"), kubeconfig: c.operatorKubeconfig, folder: folder, profiled: s.profiles != "",
		},
	}
	began := time.Now()
	for _, part := range parts {
		say("%s", part.name)
		if err := part.run(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return f.conclude(time.Since(began))
}

// fleet is what the parts of a run share.
type fleet struct {
	settings
	*cluster
	*operators
	leader *operator
	// objects is how many the operator makes for each tenant, claims included; pods and the like are not counted.
	objects int
	// raw is how long the same objects took without an operator.
	raw  rawResult
	rows []report.Row
}

func (f *fleet) row(name string, value float64, unit string) {
	f.rows = append(f.rows, report.Plain(name, value, unit))
	say("  %s %.4g %s", name, value, unit)
}

func (f *fleet) conclude(took time.Duration) error {
	if err := report.WriteJSON(f.out, f.rows); err != nil {
		return err
	}
	say("%s, rows in %s\n", took.Round(time.Second), f.out)
	if err := report.Table(os.Stdout, f.rows); err != nil {
		return err
	}
	if f.tenants != limitsFor {
		say("the limits are for %d tenants and were not applied", limitsFor)
		return nil
	}
	beyond, err := judge(f.rows)
	if err != nil || len(beyond) == 0 {
		return err
	}
	return beyondLimits(beyond)
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func from(resourceVersion string) *metav1.ListOptions {
	return &metav1.ListOptions{ResourceVersion: resourceVersion}
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}
