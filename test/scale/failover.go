package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// crown ends the leader while another process stands by, and returns how long it took from then until an edit
// made at that moment was applied, and the one that leads now.
func (c *cluster) crown(ctx context.Context, leader *operator, o *operators, image string, end func(*operator) error) (time.Duration, *operator, error) {
	standby, err := o.start(ctx, image)
	if err != nil {
		return 0, nil, err
	}
	if err := errors.Join(standby.awaitReady(ctx), standby.awaitWarm(ctx)); err != nil {
		return 0, standby, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e, err := c.watchEdits(ctx)
	if err != nil {
		return 0, standby, err
	}
	if err := end(leader); err != nil {
		return 0, standby, err
	}
	edit, err := c.change(ctx, e, place(0), fmt.Sprintf("Edited while nobody led, at %d", time.Now().UnixNano()))
	return edit.took, standby, err
}

// awaitWarm waits until a process that does not lead has read what there is.
func (o *operator) awaitWarm(ctx context.Context) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, convergePatience, true, func(ctx context.Context) (bool, error) {
		waiting, err := o.metric(ctx, "workqueue_depth")
		return err == nil && waiting > 0, nil //nolint:nilerr // it is still starting
	})
}
