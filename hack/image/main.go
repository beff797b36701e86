package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
)

// options are the command's flags.
type options struct {
	root, out, name       string
	version, commit, arch string
	contentTag            bool
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", ".", "the repository's root")
	flag.StringVar(&o.out, "out", "", "the archive to write (default <root>/.local/image/frontdesk.tar)")
	flag.StringVar(&o.name, "name", "docker.io/frontdesk/frontdesk", "the image's name, without a tag; the version is the tag")
	flag.StringVar(&o.version, "version", "0.0.0-dev", "the version that the programs report")
	flag.StringVar(&o.commit, "commit", "", "the commit that they report (default: git's HEAD, with -dirty when files differ)")
	flag.BoolVar(&o.contentTag, "content-tag", false, "add the content's digest to the tag, so that pods roll when the content changed")
	flag.StringVar(&o.arch, "arch", runtime.GOARCH, "the processor architecture, as Go calls it")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.out == "" {
		o.out = filepath.Join(o.root, ".local", "image", "frontdesk.tar")
	}
	if o.commit == "" {
		o.commit = commit(ctx, o.root)
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	result, err := build(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("name    %s\ndigest  %s\nsize    %.1f MB\narchive %s\n", result.name, result.digest, float64(result.size)/1e6, o.out)
	return nil
}

// commit asks git. A tree without git has no commit, which is no error.
func commit(ctx context.Context, root string) string {
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	head, err := git("rev-parse", "--short=12", "HEAD")
	if err != nil {
		return "unknown"
	}
	if changed, err := git("status", "--porcelain", "--untracked-files=no"); err != nil || changed != "" {
		return head + "-dirty"
	}
	return head
}
