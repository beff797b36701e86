package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// fieldOwner is the name under which the plugin edits objects.
const fieldOwner = "kubectl-frontdesk"

type runState struct {
	settings
	target  v1alpha1.RunState
	done    string
	wait    bool
	timeout time.Duration
}

func newSuspend(shared settings) *cobra.Command {
	o := &runState{settings: shared, target: v1alpha1.RunStateSuspended, done: "suspended"}
	return o.command("suspend TENANT", "Stop a tenant and keep its data", `Stop a tenant: no pod of it runs, no call is made and no message is sent. Its data, its configuration and its host
are kept. A GitOps tool that owns spec.runState will set it back: change it there instead.`)
}

func newResume(shared settings) *cobra.Command {
	o := &runState{settings: shared, target: v1alpha1.RunStateRunning, done: "running"}
	return o.command("resume TENANT", "Let a suspended tenant serve again", `Let a suspended tenant serve again, with the data that it had.`)
}

func (o *runState) command(use, short, long string) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: oneTenant, ValidArgsFunction: o.completeTenants,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	cmd.Flags().BoolVar(&o.wait, "wait", false, "wait until it is so")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 3*time.Minute, "with --wait: how long at most")
	return cmd
}

func (o *runState) run(ctx context.Context, name string) error {
	connected, err := o.connect()
	if err != nil {
		return err
	}
	found, err := connected.tenant(ctx, name)
	if err != nil {
		return err
	}
	before := found.DeepCopy()
	found.Spec.RunState = o.target
	if before.Spec.RunState != o.target {
		if err := connected.client.Patch(ctx, found, client.MergeFrom(before), client.FieldOwner(fieldOwner)); err != nil {
			return err
		}
	}
	if !o.wait {
		o.say("tenant %s is asked to be %s; --wait waits for it", name, o.done)
		return nil
	}
	if err := o.await(ctx, connected, found); err != nil {
		return err
	}
	o.say("tenant %s is %s", name, o.done)
	return nil
}

// await watches until the operator has made it so.
func (o *runState) await(ctx context.Context, connected *session, wanted *v1alpha1.Tenant) error {
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	said := ""
	for limited.Err() == nil {
		watch, err := connected.client.Watch(limited, &v1alpha1.TenantList{}, client.InNamespace(wanted.Namespace),
			client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", wanted.Name)})
		if err != nil {
			return err
		}
		for event := range watch.ResultChan() {
			now, isTenant := event.Object.(*v1alpha1.Tenant)
			if !isTenant {
				continue
			}
			if now.UID != wanted.UID || now.DeletionTimestamp != nil {
				watch.Stop()
				return fmt.Errorf("tenant %s was deleted meanwhile", wanted.Name)
			}
			message, done := o.reached(now, wanted.Generation)
			if done {
				watch.Stop()
				return nil
			}
			if message != said {
				o.note("%s", message)
				said = message
			}
		}
		watch.Stop()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w after %s: %s; `kubectl frontdesk status %s -n %s` says more", errTimeout, o.timeout, said, wanted.Name, wanted.Namespace)
}

// reached says whether the operator has done what the generation asks for, and else what it says.
func (o *runState) reached(t *v1alpha1.Tenant, generation int64) (string, bool) {
	ready := meta.FindStatusCondition(t.Status.Conditions, string(v1alpha1.ConditionReady))
	if ready == nil || ready.ObservedGeneration < generation {
		return "waiting for the operator to look at it", false
	}
	suspended := ready.Reason == string(v1alpha1.ReasonSuspended)
	if ready.Status == metav1.ConditionTrue && suspended == (o.target == v1alpha1.RunStateSuspended) {
		return "", true
	}
	return ready.Reason + ": " + ready.Message, false
}
