package tools

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Tool is a program built from a pinned module.
type Tool struct {
	// Name of the program.
	Name string
	// Set is the directory of its module, from the repository's root.
	Set string
	// Package to build, and the Module that gives its version.
	Package, Module string
	// Tags and Stamp are extra build tags and -X assignments. VERSION, MAJOR
	// and MINOR stand for the module's version and its parts.
	Tags  string
	Stamp []string
}

const toolsDir = "hack/tools/"

func kubernetes(name string) Tool {
	const version = "k8s.io/component-base/version."
	return Tool{
		Name: name, Set: toolsDir + "kubernetes", Package: "k8s.io/kubernetes/cmd/" + name, Module: "k8s.io/kubernetes",
		// Without these the API server calls itself v0.0.0-master.
		Stamp: []string{version + "gitVersion=VERSION", version + "gitMajor=MAJOR", version + "gitMinor=MINOR"},
	}
}

func containerd(name string) Tool {
	const module = "github.com/containerd/containerd/v2"
	return Tool{
		Name: name, Set: toolsDir + "containerd", Package: module + "/cmd/" + name, Module: module,
		Tags:  "no_btrfs no_devmapper no_zfs",
		Stamp: []string{module + "/version.Version=VERSION"},
	}
}

func network(path string) Tool {
	const module = "github.com/containernetworking/plugins"
	return Tool{Name: filepath.Base(path), Set: toolsDir + "cni", Package: module + "/plugins/" + path, Module: module}
}

// Catalogue lists every tool. The API server and etcd come first: they take
// longest, and tests need them most.
func Catalogue() []Tool {
	return []Tool{
		{Name: "etcd", Set: toolsDir + "etcd", Package: "go.etcd.io/etcd/server/v3", Module: "go.etcd.io/etcd/server/v3"},
		kubernetes("kube-apiserver"),
		kubernetes("kubectl"),
		kubernetes("kube-controller-manager"),
		kubernetes("kube-scheduler"),
		kubernetes("kubelet"),
		kubernetes("kube-proxy"),
		containerd("containerd"),
		containerd("containerd-shim-runc-v2"),
		containerd("ctr"),
		network("main/ptp"),
		network("main/loopback"),
		network("ipam/host-local"),
		network("meta/portmap"),
		{Name: "coredns", Set: toolsDir + "coredns", Package: ".", Module: "github.com/coredns/coredns"},
		{Name: "pause", Set: "hack/cluster", Package: "./pause"},
		{Name: "kwok", Set: toolsDir + "kwok", Package: "sigs.k8s.io/kwok/cmd/kwok", Module: "sigs.k8s.io/kwok"},
		{
			Name: "helm", Set: toolsDir + "helm", Package: "helm.sh/helm/v4/cmd/helm", Module: "helm.sh/helm/v4",
			Stamp: []string{"helm.sh/helm/v4/internal/version.version=VERSION"},
		},
		{
			Name: "controller-gen", Set: toolsDir + "controller-gen",
			Package: "sigs.k8s.io/controller-tools/cmd/controller-gen", Module: "sigs.k8s.io/controller-tools",
		},
		{
			Name: "golangci-lint", Set: toolsDir + "golangci-lint",
			Package: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint", Module: "github.com/golangci/golangci-lint/v2",
			Stamp: []string{"main.version=VERSION"},
		},
	}
}

// groups are names for several tools.
var groups = map[string][]string{
	"control-plane": {"etcd", "kube-apiserver", "kubectl", "kube-controller-manager", "kube-scheduler"},
	"node": {
		"kubelet", "kube-proxy", "containerd", "containerd-shim-runc-v2", "ctr",
		"ptp", "loopback", "host-local", "portmap", "coredns", "pause",
	},
	"envtest": {"etcd", "kube-apiserver", "kubectl"},
}

// Groups lists the names of groups.
func Groups() []string {
	names := []string{"all"}
	for name := range groups {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Select resolves names of tools and groups, in the catalogue's order and
// without repetition. "all" selects everything.
func Select(names ...string) ([]Tool, error) {
	wanted := map[string]bool{}
	catalogue := Catalogue()
	for _, name := range names {
		members, isGroup := groups[name]
		switch {
		case name == "all":
			for _, t := range catalogue {
				wanted[t.Name] = true
			}
		case isGroup:
			for _, m := range members {
				wanted[m] = true
			}
		case slices.ContainsFunc(catalogue, func(t Tool) bool { return t.Name == name }):
			wanted[name] = true
		default:
			return nil, fmt.Errorf("no tool or group is called %q; `cluster tools --list` shows them", name)
		}
	}
	return slices.DeleteFunc(catalogue, func(t Tool) bool { return !wanted[t.Name] }), nil
}

// Version returns the module's version that the tool's set pins, or "" for a
// program of this repository.
func (t Tool) Version(root string) (string, error) {
	if t.Module == "" {
		return "", nil
	}
	raw, err := os.ReadFile(filepath.Join(root, t.Set, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", t.Name, err)
	}
	match := regexp.MustCompile(`(?m)^(?:require)?\s+` + regexp.QuoteMeta(t.Module) + ` (v\S+)`).FindSubmatch(raw)
	if match == nil {
		return "", fmt.Errorf("version of %s: %s/go.mod does not require %s", t.Name, t.Set, t.Module)
	}
	return string(match[1]), nil
}

// args returns the arguments of `go` that build the tool at a version.
func (t Tool) args(version string) []string {
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	fill := strings.NewReplacer("VERSION", version, "MAJOR", major, "MINOR", minor)
	flags := "-s -w"
	for _, s := range t.Stamp {
		flags += " -X " + fill.Replace(s)
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags=" + flags}
	if t.Tags != "" {
		args = append(args, "-tags="+t.Tags)
	}
	return args
}

// batches puts tools together that one `go build` can make: it links one while it compiles another,
// which keeps every processor busy. The order stays.
func batches(tools []Tool) [][]Tool {
	var all [][]Tool
	for _, t := range tools {
		if n := len(all); n > 0 && together(all[n-1][0], t) {
			all[n-1] = append(all[n-1], t)
			continue
		}
		all = append(all, []Tool{t})
	}
	return all
}

// together says that two tools differ in nothing but their package, and that Go would name each like its
// tool.
func together(a, b Tool) bool {
	named := func(t Tool) bool { return path.Base(t.Package) == t.Name }
	return named(a) && named(b) && a.Set == b.Set && a.Module == b.Module && a.Tags == b.Tags && slices.Equal(a.Stamp, b.Stamp)
}
