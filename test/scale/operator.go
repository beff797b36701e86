package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

// serverImage is what the pods would run if anything ran in them.
const (
	serverImage = "docker.io/frontdesk/frontdesk:scale"
	nextImage   = serverImage + "-next"
)

// isolation is what the chart passes by default: NetworkPolicies are made, and nobody further is let in.
const isolation = `{"publicFrom":[],"metricsFrom":[],"dns":[]}`

// operator is the operator's own process.
type operator struct {
	*rig.Process
	metricsURL string
	healthURL  string
	profileURL string
}

// operators starts operators with ports of their own.
type operators struct {
	program, kubeconfig, folder string
	profiled                    bool
	started                     int
}

func (o *operators) start(ctx context.Context, image string) (*operator, error) {
	o.started++
	metrics, health := fmt.Sprintf("127.0.0.1:%d", 18000+o.started), fmt.Sprintf("127.0.0.1:%d", 19000+o.started)
	command := exec.CommandContext(ctx, o.program,
		"--kubeconfig", o.kubeconfig, "--operator-namespace", operatorNamespace, "--server-image", image,
		"--host-suffix", ".book.example=*", "--isolation", isolation,
		// As many at once as by default, and the second wave is all that the canary leaves. There is no soak, because nothing can
		// go wrong with simulated pods.
		"--rollout-batches=100%", "--rollout-soak=0s",
		"--metrics-secure=false", "--metrics-bind-address", metrics, "--health-probe-bind-address", health, "--log-level=error")
	profiles := fmt.Sprintf("127.0.0.1:%d", 17000+o.started)
	if o.profiled {
		command.Args = append(command.Args, "--pprof-bind-address", profiles)
	}
	process, err := rig.Start(command, o.folder)
	if err != nil {
		return nil, err
	}
	return &operator{
		Process: process, metricsURL: "http://" + metrics + "/metrics", healthURL: "http://" + health + "/readyz",
		profileURL: "http://" + profiles + "/debug/pprof/",
	}, nil
}

// awaitReady waits until the process answers; whether it leads is another matter.
func (o *operator) awaitReady(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		if err := o.alive(); err != nil {
			return false, err
		}
		_, err := get(ctx, http.DefaultClient, o.healthURL)
		return err == nil, nil //nolint:nilerr // not yet
	})
	if err != nil {
		return fmt.Errorf("wait for the operator: %w", err)
	}
	return nil
}

// awaitLead waits until the process leads.
func (o *operator) awaitLead(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		leads, err := o.metric(ctx, "leader_election_master_status")
		return err == nil && leads == 1, o.alive() //nolint:nilerr // not yet
	})
	if err != nil {
		return fmt.Errorf("wait for the operator to lead: %w", err)
	}
	return nil
}

// alive fails when the process has ended by itself: one that is gone makes no calls either.
func (o *operator) alive() error {
	select {
	case <-o.Exited():
		return errors.New("the operator has ended by itself: " + o.LogTail())
	default:
		return nil
	}
}

func (o *operator) kill() error { return o.Kill() }
func (o *operator) stop() error { return o.Stop() }

// metric sums a metric of the operator over its labels.
func (o *operator) metric(ctx context.Context, name string) (float64, error) {
	// Only this one: to write all of them takes a processor tens of milliseconds with a thousand tenants, which would be
	// measured with whatever is measured.
	text, err := get(ctx, http.DefaultClient, o.metricsURL+"?name[]="+url.QueryEscape(name))
	if err != nil {
		return 0, err
	}
	return sum(text, `(?m)^`+regexp.QuoteMeta(name)+`(?:\{[^}]*\})? (\S+)$`)
}

// sum adds the captured numbers of all matches.
func sum(text, pattern string) (float64, error) {
	var total float64
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		value, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			return 0, err
		}
		total += value
	}
	return total, nil
}

func get(ctx context.Context, c *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := c.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, response.Status)
	}
	return string(body), err
}

// calls are what the API server has counted of the operator's requests, watches and leases left out.
type calls struct {
	reads float64
	// status and events are writes of those, and objects all other writes.
	objects, status, events float64
}

func (c calls) writes() float64 { return c.objects + c.status + c.events }
func (c calls) total() float64  { return c.reads + c.writes() }

func (c calls) since(then calls) calls {
	return calls{c.reads - then.reads, c.objects - then.objects, c.status - then.status, c.events - then.events}
}

func (c *cluster) calls(ctx context.Context) (calls, error) {
	text, err := c.metrics(ctx)
	if err != nil {
		return calls{}, err
	}
	count := func(schema string) float64 {
		n, sumErr := sum(text, `(?m)^apiserver_flowcontrol_dispatched_requests_total\{[^}]*flow_schema="`+schema+`"[^}]*\} (\S+)$`)
		err = errors.Join(err, sumErr)
		return n
	}
	counted := calls{count("scale-reads"), count("scale-objects"), count("scale-status"), count("scale-events")}
	return counted, err
}
