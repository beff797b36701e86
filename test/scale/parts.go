package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

// parts are measured in this order, each on what the ones before it left.
var parts = []struct {
	name string
	run  func(ctx context.Context, f *fleet) error
}{
	{"the same objects without an operator", withoutOperator},
	{"convergence", convergence},
	{"steady state", steadyState},
	{"memory", memory},
	{"edits while nothing else happens", idleEdits},
	{"edits while the whole fleet rolls", rollingEdits},
	{"restart", restart},
	{"succession", succession},
}

func (f *fleet) startLeader(ctx context.Context, image string) (err error) {
	if f.leader, err = f.start(ctx, image); err != nil {
		return err
	}
	return f.leader.awaitReady(ctx)
}

func withoutOperator(ctx context.Context, f *fleet) error {
	if err := f.startLeader(ctx, serverImage); err != nil {
		return err
	}
	model, err := f.model(ctx)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, f.leader.LogTail())
	}
	if err := f.leader.Stop(); err != nil {
		return err
	}
	f.objects = len(model)
	f.row("objects_per_tenant", float64(f.objects), "objects")
	result, err := f.applyRaw(ctx, f.tenants, model)
	if err != nil {
		return err
	}
	f.raw = result
	f.row("converge_raw", result.applied.Seconds(), "s")
	f.row("converge_raw_available", result.available.Seconds(), "s")
	f.row("converge_raw_cpu_apiserver", result.cpu, "s of processor time")
	return nil
}

func convergence(ctx context.Context, f *fleet) error {
	if err := f.startLeader(ctx, serverImage); err != nil {
		return err
	}
	if err := f.prepare(ctx, f.tenants); err != nil {
		return err
	}
	before, err := f.calls(ctx)
	if err != nil {
		return err
	}
	spent, err := f.cpu(ctx)
	if err != nil {
		return err
	}
	profiled := f.profile(ctx, "convergence", processorProfile(f.raw.applied))
	began := time.Now()
	if err := f.onboard(ctx, f.tenants); err != nil {
		return err
	}
	f.row("onboard", time.Since(began).Seconds(), "s")
	finished, err := f.awaitTenants(ctx, f.tenants, convergePatience, ready)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, f.leader.LogTail())
	}
	took := finished.Sub(began).Seconds()
	f.row("converge", took, "s")
	f.row("converge_vs_raw", took/f.raw.applied.Seconds(), "times")
	used, err := f.cpu(ctx)
	if err != nil {
		return err
	}
	f.row("converge_cpu_apiserver", used-spent, "s of processor time")
	if err := errors.Join(profiled(), f.settle(ctx)); err != nil {
		return err
	}
	return f.converged(ctx, before)
}

// converged reports what it took of the operator, and of the API server since it had counted the calls before.
func (f *fleet) converged(ctx context.Context, before calls) error {
	after, err := f.calls(ctx)
	if err != nil {
		return err
	}
	made := after.since(before)
	for _, count := range []struct {
		of string
		n  float64
	}{{"writes", made.writes()}, {"status_writes", made.status}, {"events", made.events}, {"reads", made.reads}} {
		f.row("converge_"+count.of+"_per_tenant", count.n/float64(f.tenants), "requests")
	}
	passes, err := f.leader.metric(ctx, passesMetric)
	if err != nil {
		return err
	}
	f.row("converge_passes_per_tenant", passes/float64(f.tenants), "passes")
	return f.own("converge_cpu")
}

// own reports the operator's processor time since it was started.
func (f *fleet) own(name string) error {
	used, _, err := rig.CPU(f.leader.Pid())
	if err != nil {
		return err
	}
	f.row(name, used.Seconds(), "s of processor time")
	return nil
}

func steadyState(ctx context.Context, f *fleet) error {
	made, changes, err := f.cluster.steady(ctx, f.settings.steady)
	if err := errors.Join(err, f.leader.alive()); err != nil {
		return err
	}
	f.row("steady_calls", made.total(), "requests")
	f.row("steady_autoscaler_changes", float64(changes), "writes by others")
	return nil
}

const (
	unrelatedSecrets = 300
	unrelatedSize    = 1_000_000
)

// memory looks at the resident set when the fleet is at rest, and again beside Secrets that are nobody's business.
func memory(ctx context.Context, f *fleet) error {
	before, err := f.leader.RSS()
	if err != nil {
		return err
	}
	f.row("rss", before, "MiB")
	if err := f.profile(ctx, "rest", heapProfile)(); err != nil {
		return err
	}
	const elsewhere = "unrelated"
	if err := f.client.Create(ctx, namespace(elsewhere)); err != nil {
		return err
	}
	content := bytes.Repeat([]byte{'x'}, unrelatedSize)
	err = each(ctx, unrelatedSecrets, func(ctx context.Context, i int) error {
		return f.client.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: elsewhere, Name: fmt.Sprintf("secret-%03d", i)},
			Data:       map[string][]byte{"content": content},
		})
	})
	if err != nil {
		return err
	}
	if err := f.settle(ctx); err != nil {
		return err
	}
	after, err := f.leader.RSS()
	if err != nil {
		return err
	}
	f.row("rss_unrelated_secrets_delta", after-before, "MiB")
	return f.remove(ctx, elsewhere) // the API server would carry them through all that is measured later
}

// idleChanges is how many edits the idle figure is made of.
const idleChanges = 300

func idleEdits(ctx context.Context, f *fleet) error {
	began := time.Now()
	made, err := f.changes(ctx, f.tenants, idleEvery, func(begun int) bool { return begun == idleChanges })
	if err != nil {
		return err
	}
	f.row("spec_change_p50_idle", milliseconds(median(made)), "ms")
	f.row("spec_change_p99_idle", milliseconds(p99(made)), "ms")
	saySlowest(made, began)
	_, err = f.awaitTenants(ctx, f.tenants, convergePatience, ready)
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// rollingEdits upgrades the operator to one that runs another image, and edits tenants until every pod is a new one.
func rollingEdits(ctx context.Context, f *fleet) error {
	if err := f.leader.Stop(); err != nil {
		return err
	}
	if err := f.startLeader(ctx, nextImage); err != nil {
		return err
	}
	if err := f.leader.awaitLead(ctx); err != nil {
		return err
	}
	const sample = 30 * time.Second
	profiled := f.profile(ctx, "roll", processorProfile(sample))
	began := time.Now()
	rolled := make(chan error, 1)
	go func() {
		rolled <- f.awaitImage(ctx, f.tenants, nextImage)
	}()
	var rollErr error
	over := false
	made, err := f.changes(ctx, f.tenants, rollingEvery, func(int) bool {
		select {
		case rollErr = <-rolled:
			over = true
		default:
		}
		return over
	})
	if err != nil || rollErr != nil {
		return errors.Join(err, rollErr)
	}
	f.row("roll", time.Since(began).Seconds(), "s")
	f.row("spec_change_p50_rolling", milliseconds(median(made)), "ms")
	f.row("spec_change_p99_rolling", milliseconds(p99(made)), "ms")
	f.row("spec_changes_rolling", float64(len(made)), "edits")
	saySlowest(made, began)
	return profiled()
}

// restartSample is how long a restart is profiled from when the operator is ready to lead.
const restartSample = 5 * time.Second

func restart(ctx context.Context, f *fleet) error {
	if err := f.settle(ctx); err != nil {
		return err
	}
	if err := f.leader.Stop(); err != nil {
		return err
	}
	if err := f.plant(ctx); err != nil {
		return err
	}
	before, err := f.calls(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := f.startLeader(ctx, nextImage); err != nil {
		return err
	}
	f.row("restart_warm", time.Since(began).Seconds(), "s")
	profiled := f.profile(ctx, "restart", processorProfile(restartSample))
	if err := f.awaitRepairs(ctx); err != nil {
		return err
	}
	if err := f.leader.awaitPasses(ctx, f.tenants); err != nil {
		return err
	}
	f.row("restart", time.Since(began).Seconds(), "s")
	if _, err := f.awaitTenants(ctx, f.tenants, convergePatience, ready); err != nil {
		return err
	}
	after, err := f.calls(ctx)
	if err != nil {
		return err
	}
	made := after.since(before)
	f.row("restart_reads", made.reads, "requests")
	f.row("restart_drifts", float64(len(drifts)), "repaired")
	f.row("restart_writes", made.writes(), "requests")
	f.row("restart_status_writes", made.status, "requests")
	f.row("restart_events", made.events, "requests")
	f.row("restart_writes_share", 100*max(0, made.writes()-float64(len(drifts)))/float64(f.objects*f.tenants), "% of objects beyond drift")
	return errors.Join(f.checkRepairs(ctx), profiled())
}

func succession(ctx context.Context, f *fleet) error {
	crash, next, err := f.crown(ctx, f.leader, f.operators, nextImage, (*operator).kill)
	if err != nil {
		return err
	}
	f.row("failover", crash.Seconds(), "s")
	clean, last, err := f.crown(ctx, next, f.operators, nextImage, (*operator).stop)
	if err != nil {
		return err
	}
	f.row("failover_clean", clean.Seconds(), "s")
	return last.Stop()
}
