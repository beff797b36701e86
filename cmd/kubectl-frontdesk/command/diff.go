package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/changes"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/manifest"
)

type diff struct {
	settings
	files      []string
	serverSide bool
	differs    bool
}

func newDiff(shared settings) *cobra.Command {
	o := &diff{settings: shared}
	cmd := &cobra.Command{
		Use:   "diff -f FILES",
		Short: "Show what applying manifests would change, down to the pods",
		Long: `Show what applying manifests would change: in the objects themselves, and in everything that the operator makes of
them, for every tenant that they touch. The last lines say which pods would be restarted.

Nothing is changed: the API server is asked what it would do. That needs the rights with which one would do it, for
the operator's objects too. Values of Secrets are not shown, only whether they differ.

Exit codes as those of kubectl diff: 0 no difference, 1 some, more than 1 it could not be found out.`,
		Example: `  kubectl frontdesk diff -f tenant.yaml -n dental`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringSliceVarP(&o.files, "filename", "f", nil, "files or folders to read; - for standard input")
	cmd.Flags().BoolVar(&o.serverSide, "server-side", false, "as `kubectl apply --server-side` would apply them")
	return cmd
}

func (o *diff) run(ctx context.Context) error {
	if len(o.files) == 0 {
		return usage("name what to read: -f FILE, -f FOLDER/, or -f - for standard input")
	}
	documents, problems, err := manifest.Read(o.files, o.In)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", problems[0])
	}
	connected, err := o.connect()
	if err != nil {
		return err
	}
	plan := newPlan(connected, o.serverSide)
	for _, document := range documents {
		change, err := plan.take(ctx, document)
		if err != nil {
			return o.refused(document, err)
		}
		if change == nil {
			o.note("note: %s:%d: %s is none of Frontdesk's kinds: use kubectl diff", document.File, document.Line, document.Name())
			continue
		}
		if err := o.show(*change); err != nil {
			return err
		}
	}
	if err := o.consequences(ctx, plan); err != nil {
		return err
	}
	if o.differs {
		return errNo
	}
	return nil
}

// refused puts the API server's reasons at their places in the file.
func (o *diff) refused(document manifest.Document, err error) error {
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return fmt.Errorf("%s:%d: %s: %w", document.File, document.Line, document.Name(), err)
	}
	for _, cause := range status.Status().Details.Causes {
		field := cause.Field
		if field == "<nil>" {
			field = ""
		}
		o.note("%s", document.At(field, cause.Message))
	}
	return fmt.Errorf("the API server would refuse %s", document.Name())
}

func (o *diff) show(change changes.Change) error {
	text, err := change.Diff()
	if err != nil || text == "" {
		return err
	}
	o.differs = true
	_, err = fmt.Fprint(o.Out, text)
	return err
}

// consequences shows what the operator would do for each tenant that is touched.
func (o *diff) consequences(ctx context.Context, plan *plan) error {
	tenants, err := plan.tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		effect, err := plan.effect(ctx, t)
		if err != nil {
			return err
		}
		restarts := false
		for _, change := range effect.changes {
			if err := o.show(change); err != nil {
				return err
			}
			restarts = restarts || change.Restarts()
		}
		for _, fault := range effect.faults {
			o.differs = true
			o.say("# tenant %s/%s: not valid: %s", t.Namespace, t.Name, fault)
		}
		for _, gap := range effect.gaps {
			o.note("note: tenant %s/%s: %s", t.Namespace, t.Name, gap)
		}
		switch {
		case len(effect.faults) > 0:
			o.say("# tenant %s/%s: nothing changes for its customers: the last good configuration keeps serving", t.Namespace, t.Name)
		case restarts:
			o.say("# tenant %s/%s: its pods are restarted, because their template changes", t.Namespace, t.Name)
		case o.differs:
			o.say("# tenant %s/%s: no pod is restarted", t.Namespace, t.Name)
		}
	}
	return nil
}
