package main

import (
	"context"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

const (
	// autoscalerPeriod is how often an autoscaler writes its status where there are metrics (the controller
	// manager's --horizontal-pod-autoscaler-sync-period).
	autoscalerPeriod = 15 * time.Second
	// calm is how long the operator must have made no call before it counts as settled.
	calm           = 10 * time.Second
	settlePatience = 3 * time.Minute
)

// settle waits until the operator makes no more calls.
func (c *cluster) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	last, err := c.calls(ctx)
	if err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for since := time.Now(); time.Since(since) < calm; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the operator did not come to rest within %s: %w", settlePatience, ctx.Err())
		}
		now, err := c.calls(ctx)
		if err != nil {
			return err
		}
		if now != last {
			last, since = now, time.Now()
		}
	}
	return nil
}

// steady counts the operator's calls while nothing happens but what always does: the autoscalers' status changes.
func (c *cluster) steady(ctx context.Context, period time.Duration) (calls, int, error) {
	before, err := c.calls(ctx)
	if err != nil {
		return calls{}, 0, err
	}
	changes := 0
	for end := time.Now().Add(period); time.Now().Before(end); {
		next := time.Now().Add(autoscalerPeriod)
		n, err := c.scaleStatus(ctx, changes)
		if err != nil {
			return calls{}, 0, err
		}
		changes += n
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return calls{}, 0, ctx.Err()
		}
	}
	after, err := c.calls(ctx)
	return after.since(before), changes, err
}

// scaleStatus does to the status of every autoscaler what the controller manager does when there are metrics.
func (c *cluster) scaleStatus(ctx context.Context, seed int) (int, error) {
	var list autoscalingv2.HorizontalPodAutoscalerList
	if err := c.client.List(ctx, &list, client.MatchingLabels{tenant.ManagedByLabel: tenant.ManagedBy}); err != nil {
		return 0, err
	}
	err := each(ctx, len(list.Items), func(ctx context.Context, i int) error {
		patch := fmt.Appendf(nil, `{"status":{"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":%d,"averageValue":"1m"}}}]}}`,
			10+(seed+i)%50)
		return client.IgnoreNotFound(c.client.Status().Patch(ctx, &list.Items[i], client.RawPatch(mergePatch, patch)))
	})
	return len(list.Items), err
}
