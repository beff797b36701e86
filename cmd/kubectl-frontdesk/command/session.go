package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// settings are what every command shares: kubectl's flags, and where to write.
type settings struct {
	genericclioptions.IOStreams
	flags *genericclioptions.ConfigFlags
}

// session is a connection to a cluster, in one namespace.
type session struct {
	settings
	config    *rest.Config
	client    client.WithWatch
	clients   kubernetes.Interface
	namespace string
}

func scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// connect makes a session of the flags. It does not call the API server yet.
func (s settings) connect() (*session, error) {
	config, err := s.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the API server decides how much it can take
	namespace, _, err := s.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, err
	}
	connection, err := client.NewWithWatch(config, client.Options{Scheme: scheme()})
	if err != nil {
		return nil, err
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &session{s, config, connection, clients, namespace}, nil
}

// tenant reads a Tenant. When there is none of the name it says which there are.
func (s *session) tenant(ctx context.Context, name string) (*v1alpha1.Tenant, error) {
	found := &v1alpha1.Tenant{}
	err := s.client.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, found)
	if !apierrors.IsNotFound(err) {
		return found, err
	}
	return nil, fmt.Errorf("there is no Tenant %q in namespace %s%s", name, s.namespace, s.others(ctx))
}

// others tells a mistyped name from a wrong namespace.
func (s *session) others(ctx context.Context) string {
	names, err := s.tenantNames(ctx)
	switch {
	case err != nil:
		return ""
	case len(names) == 0:
		return ", and no other either: choose the namespace with -n, or see all with `kubectl frontdesk status -A`"
	default:
		return "; there are: " + strings.Join(names, ", ")
	}
}

func (s *session) tenantNames(ctx context.Context) ([]string, error) {
	var list v1alpha1.TenantList
	if err := s.client.List(ctx, &list, client.InNamespace(s.namespace)); err != nil {
		return nil, err
	}
	var names []string
	for _, t := range list.Items {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return names, nil
}

// note tells the person something that is no part of the answer.
func (s settings) note(format string, args ...any) {
	_, _ = fmt.Fprintf(s.ErrOut, format+"\n", args...)
}

// say writes a line of the answer.
func (s settings) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Out, format+"\n", args...)
}

// format is the flag -o of commands that can answer a program.
type format string

func (f *format) String() string { return string(*f) }
func (f *format) Type() string   { return "format" }

func (f *format) Set(text string) error {
	if text != "json" && text != "yaml" {
		return errors.New("use json or yaml")
	}
	*f = format(text)
	return nil
}

// print writes data for a program. It reports false when a person is to be answered instead.
func (f format) print(s settings, data any) (bool, error) {
	var text []byte
	var err error
	switch f {
	case "json":
		text, err = json.MarshalIndent(data, "", "  ")
		text = append(text, '\n')
	case "yaml":
		text, err = yaml.Marshal(data)
	default:
		return false, nil
	}
	if err != nil {
		return true, fmt.Errorf("write the answer: %w", err)
	}
	_, err = s.Out.Write(text)
	return true, err
}
