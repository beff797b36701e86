package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/situation"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// versions is what runs where.
type versions struct {
	Plugin    string     `json:"plugin"`
	Operators []operator `json:"operators,omitempty"`
}

// operator is one installation.
type operator struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Image     string `json:"image"`
	Server    string `json:"serverImage,omitempty"`
	Ready     int32  `json:"readyReplicas"`
}

func newVersion(shared settings) *cobra.Command {
	var output format
	clientOnly := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is, and which the cluster runs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := versions{Plugin: version.String()}
			if !clientOnly {
				var err error
				if found.Operators, err = shared.operators(cmd.Context()); err != nil {
					return err
				}
			}
			if printed, err := output.print(shared, found); printed {
				return err
			}
			shared.say("plugin:   %s", found.Plugin)
			for _, o := range found.Operators {
				shared.say("operator: %s (%s/%s, %d pods ready)", o.Image, o.Namespace, o.Name, o.Ready)
				shared.say("servers:  %s", o.Server)
			}
			if !clientOnly && len(found.Operators) == 0 {
				shared.note("No operator was found in this cluster.")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&clientOnly, "client", false, "do not ask the cluster")
	cmd.Flags().VarP(&output, "output", "o", "json or yaml, for programs")
	return cmd
}

func (s settings) operators(ctx context.Context) ([]operator, error) {
	connected, err := s.connect()
	if err != nil {
		return nil, err
	}
	deployments, err := connected.operatorDeployments(ctx)
	if err != nil {
		return nil, err
	}
	var found []operator
	for _, d := range deployments {
		one := operator{Namespace: d.Namespace, Name: d.Name, Ready: d.Status.ReadyReplicas, Server: argument(&d, "--server-image")}
		if containers := d.Spec.Template.Spec.Containers; len(containers) > 0 {
			one.Image = containers[0].Image
		}
		found = append(found, one)
	}
	return found, nil
}

// operatorDeployments finds the operator wherever it was installed.
func (s *session) operatorDeployments(ctx context.Context) ([]appsv1.Deployment, error) {
	var deployments appsv1.DeploymentList
	if err := s.client.List(ctx, &deployments, situation.OperatorLabels); err != nil {
		return nil, fmt.Errorf("look for the operator: %w", err)
	}
	return deployments.Items, nil
}

// argument is the value of --flag=value in a Deployment's first container; empty when there is none.
func argument(d *appsv1.Deployment, flag string) string {
	if all := arguments(d, flag); len(all) > 0 {
		return all[0]
	}
	return ""
}

// switchedOn reads a flag that is true or false as the operator's parser does, package flag: a bare --flag is true, and
// of several the last counts. One that it would refuse is false: no operator runs with it.
func switchedOn(d *appsv1.Deployment, flag string) bool {
	on := false
	if containers := d.Spec.Template.Spec.Containers; len(containers) > 0 {
		for _, arg := range containers[0].Args {
			name, value, given := strings.Cut(arg, "=")
			switch {
			case name != flag:
			case given:
				on, _ = strconv.ParseBool(value)
			default:
				on = true
			}
		}
	}
	return on
}

// arguments are the values of a flag that may be repeated.
func arguments(d *appsv1.Deployment, flag string) []string {
	if len(d.Spec.Template.Spec.Containers) == 0 {
		return nil
	}
	var values []string
	for _, arg := range d.Spec.Template.Spec.Containers[0].Args {
		if value, found := strings.CutPrefix(arg, flag+"="); found {
			values = append(values, value)
		}
	}
	return values
}
