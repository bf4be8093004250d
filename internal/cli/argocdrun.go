package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"kesbridge/internal/argocd"
	"kesbridge/internal/cmpserver"
)

// argocdPlugin is the name under which argocd runs kesbridge as a plugin of
// its own command line: argocd kesbridge ARGS (Argo CD 3.1 and later).
const argocdPlugin = "argocd-kesbridge"

func (a *app) argocdCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "argocd -- ARGS...",
		Short: "Run the user's argocd with kesbridge as its plugin",
		Long: `Run the argocd command of PATH, or the one that KESBRIDGE_ARGOCD names, with ARGS. Where argocd renders on
this machine (app diff, app manifests and app sync with --local), it finds kesbridge as the plugin that
the Application names, and renders what the sidecar would. Its plugin server lives as long as the call.
--local-repo-root is filled in with the directory with .git above --local. All else, output and exit code
too, is argocd's own; an argocd that a signal ended gives 128 and the signal's number.

Installed in PATH under the name argocd-kesbridge it also answers to: argocd kesbridge ARGS`,
		Example: `  kesbridge argocd -- app diff web --local apps/web`,
		// Every flag is argocd's.
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && args[0] == "--" {
				args = args[1:]
			} else if len(args) == 0 || args[0] == "-h" || args[0] == "--help" {
				return cmd.Help()
			}
			return a.runArgocd(cmd.Context(), args)
		},
	}
}

// runArgocd hands the arguments over, with a plugin server beside where argocd
// renders.
func (a *app) runArgocd(ctx context.Context, args []string) (err error) {
	path, err := a.argocdPath()
	if err != nil {
		return err
	}
	call, err := parseArgocd(args)
	if err != nil {
		return err
	}
	// A call that is interrupted waits for argocd, which is told, and then
	// clears up.
	a.tidies.Store(true)
	signals := make(chan os.Signal, 8)
	// With SIGPIPE, which would be passed on as ignored, as it is here.
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	defer signal.Stop(signals)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()

	env := a.environ(func(string) bool { return true })
	if call.plugin() {
		server, err := a.servePlugin(ctx, path, call)
		if err != nil {
			return err
		}
		defer func() {
			if stopping := server.Stop(); stopping != nil {
				err = errors.Join(err, fmt.Errorf("end the plugin's server: %w", stopping))
			}
		}()
		args = call.args()
		env = append(env, server.Env())
		if a.env[chunkSize] == "" {
			env = append(env, chunkSize+"=65536")
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return a.handOver(path, args, env, signals)
}

// chunkSize is that of the messages in which argocd sends a repository to its
// plugin: 1 KiB, which is most of the time that a call takes (Argo CD:
// common/common.go, EnvCMPChunkSize).
const chunkSize = "ARGOCD_CMP_CHUNK_SIZE"

// args are the arguments with absolute directories: argocd compares the two as
// texts (Argo CD: util/io/files, RelativePath).
func (c *argocdCall) args() []string {
	i := slices.Index(c.rest, "--")
	if i < 0 {
		i = len(c.rest)
	}
	return slices.Insert(slices.Clone(c.rest), i, "--local", c.local, "--local-repo-root", c.root)
}

// argocdPath finds the user's argocd.
func (a *app) argocdPath() (string, error) {
	path, err := exec.LookPath(or(a.env[argocdName], "argocd"))
	if err != nil {
		return "", &hintError{fmt.Errorf("find argocd: %w", err), "install the argocd command of your Argo CD, or name it with " + argocdName}
	}
	// The plugin's server runs in a directory of its own.
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("find argocd: %w", err)
	}
	if filepath.Base(path) == argocdPlugin {
		return "", &hintError{fmt.Errorf("find argocd: %s is kesbridge itself", path), "name the argocd command of your Argo CD with " + argocdName}
	}
	return path, nil
}

// environ is the user's environment, as far as keep says.
func (a *app) environ(keep func(name string) bool) []string {
	var out []string
	for name, value := range a.env {
		if name != "" && keep(name) {
			out = append(out, name+"="+value)
		}
	}
	slices.Sort(out)
	return out
}

// forServer reports whether the plugin's server gets a variable: not how to
// reach Argo CD, and nothing that would look as if an Application had set it.
func forServer(name string) bool {
	switch {
	case name == "ARGOCD_GRPC_MAX_SIZE_MB", strings.HasPrefix(name, "ARGOCD_LOG_"):
		return true
	case strings.HasPrefix(name, "ARGOCD_"), strings.HasPrefix(name, "PARAM_"), name == "KUBE_VERSION", name == "KUBE_API_VERSIONS":
		return false
	}
	return true
}

// servePlugin starts the server of the plugin that the Application names.
func (a *app) servePlugin(ctx context.Context, path string, call *argocdCall) (*cmpserver.Server, error) {
	if err := call.place(); err != nil {
		return nil, err
	}
	if len(call.names) == 0 {
		return nil, &usageError{"kesbridge argocd", fmt.Errorf("argocd %s --local: name the Application: its plugin must be known before argocd renders", call.command)}
	}
	var plugin string
	for _, name := range call.names {
		one, err := a.pluginOf(ctx, path, call, name)
		if err != nil {
			return nil, err
		}
		if plugin != "" && plugin != one {
			return nil, fmt.Errorf("applications %s name different plugins, %s and %s: give them one by one", strings.Join(call.names, ", "), plugin, one)
		}
		plugin = one
	}
	version := strings.TrimPrefix(strings.TrimPrefix(plugin, argocd.PluginName), "-")
	if version != "" && version != PluginVersion {
		fmt.Fprintf(a.err, "kesbridge: the Application names %s, this kesbridge is %s-%s: the sidecar may render something else\n", plugin, argocd.PluginName, PluginVersion)
	}
	own, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find kesbridge's own binary: %w", err)
	}
	return cmpserver.Start(ctx, cmpserver.Config{
		Argocd: path, Name: argocd.PluginName, Version: version, Executable: own, Env: a.environ(forServer),
	})
}

// place makes both directories absolute and finds the repository where
// nothing says which: argocd's own default is /, and it sends all that is
// below to the plugin.
func (c *argocdCall) place() error {
	dir, err := realDir("--local", c.local)
	if err != nil {
		return err
	}
	root := ""
	if c.root == "" {
		checkout, err := argocd.OpenCheckout(dir)
		if err != nil {
			return err
		}
		root = checkout.Root
	} else if root, err = realDir("--local-repo-root", c.root); err != nil {
		return err
	}
	rel, err := filepath.Rel(root, dir)
	switch {
	case err != nil || !filepath.IsLocal(rel):
		return &usageError{"kesbridge argocd", fmt.Errorf("--local %s is not in --local-repo-root %s", c.local, or(c.root, root))}
	case filepath.Dir(root) == root:
		return &usageError{"kesbridge argocd", errors.New("--local-repo-root / would send this whole machine to the plugin: give the repository's root")}
	}
	c.local, c.root = dir, root
	return nil
}

func realDir(flag, dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err == nil {
		err = checkDir(abs)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return abs, nil
}

// pluginOf finds the name of an Application's plugin: in its block, merged
// with the .argocd-source files of the directory (Argo CD:
// reposerver/repository, GetAppSourceType).
func (a *app) pluginOf(ctx context.Context, path string, call *argocdCall, name string) (string, error) {
	if !appName.MatchString(name) {
		return "", &usageError{"kesbridge argocd", fmt.Errorf("%q is no name of an Application", name)}
	}
	data, err := askApplication(name, func(args ...string) ([]byte, error) { return a.argocdAsk(ctx, path, args, call.global) })
	if err != nil {
		return "", err
	}
	live, err := parseLiveApp(name, data)
	if err != nil {
		return "", err
	}
	sources := live.app.Sources()
	if len(sources) == 0 {
		return "", fmt.Errorf("application %s has no source", name)
	}
	source := sources[0] // the only one that argocd renders with --local
	root, err := os.OpenRoot(call.local)
	if err != nil {
		return "", fmt.Errorf("--local: %w", err)
	}
	defer root.Close()
	if _, err := argocd.MergeSource(root, ".", live.app.Metadata.Name, &source); err != nil {
		return "", err
	}
	switch p := source.Plugin; {
	case p == nil || p.Name == "":
		return "", &hintError{fmt.Errorf("application %s names no plugin in spec.source.plugin: argocd would render it without kesbridge", name),
			fmt.Sprintf("add to spec.source (kesbridge plugin enable --write FILE does), or to %s: plugin: {name: %s-%s, parameters: [{name: mode, string: keep}]}; kesbridge diff --live-app shows an app as if it had one",
				filepath.Join(call.local, ".argocd-source.yaml"), argocd.PluginName, PluginVersion)}
	case !argocd.IsPlugin(p):
		return "", &hintError{fmt.Errorf("application %s is rendered by plugin %s, not by kesbridge", name, p.Name),
			fmt.Sprintf("name %s-%s in spec.source.plugin", argocd.PluginName, PluginVersion)}
	default:
		return p.Name, nil
	}
}

// argocdAsk asks about an Application as the call itself will: with its flags.
func (a *app) argocdAsk(ctx context.Context, path string, args, flags []string) ([]byte, error) {
	var out bytes.Buffer
	said := &tail{most: 8 << 10}
	cmd := exec.CommandContext(ctx, path, slices.Insert(slices.Clone(args), 2, flags...)...)
	cmd.Env = a.environ(func(string) bool { return true })
	cmd.Stdout, cmd.Stderr = &out, said
	cmd.WaitDelay = 2 * time.Second
	err := cmd.Run()
	exit := (*exec.ExitError)(nil)
	what := args[:3] // without the user's flags: one may be a token
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("argocd %s: %w", strings.Join(what, " "), context.Cause(ctx))
	case errors.As(err, &exit):
		return nil, &argocdError{what, exit.ExitCode(), argocdMessage(said.String())}
	case err != nil:
		return nil, fmt.Errorf("argocd %s: %w", strings.Join(what, " "), err)
	}
	return out.Bytes(), nil
}

// handOver runs argocd on the same files and passes signals on.
func (a *app) handOver(path string, args, env []string, signals <-chan os.Signal) error {
	cmd := exec.Command(path, args...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out, a.err
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run argocd: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != syscall.SIGPIPE {
				_ = cmd.Process.Signal(s) // it may have ended
			}
		case err := <-done:
			a.code = cmd.ProcessState.ExitCode()
			if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
				a.code = 128 + int(status.Signal())
			}
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				return fmt.Errorf("run argocd: %w", err)
			}
			return nil
		}
	}
}
