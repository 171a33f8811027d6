// esxbk-host is a pretend ESXi or vCenter for tests.  It speaks the SOAP
// API through VMware's own types (govmomi), serves disks over HttpNfcLease
// and can be told to fail.  See README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// config is what the command line says.
type config struct {
	vcenter       bool
	specFile      string
	siteFile      string
	state         string
	listen        string
	user          string
	password      string
	leaseTimeout  time.Duration
	leaseInit     time.Duration
	api           string
	pageSize      int
	sessionIdle   time.Duration
	taskQueue     time.Duration
	taskRun       time.Duration
	toolsAfter    time.Duration
	lenientCookie bool
	dieWithParent bool
}

func main() {
	cfg, err := parseFlags(os.Args[1:])
	if err != nil {
		fatal(err)
	}
	parent := os.Getppid()

	h, err := newHost(cfg)
	if err != nil {
		fatal(err)
	}
	if err := h.serve(); err != nil {
		fatal(err)
	}

	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-sig:
	case <-orphaned(cfg.dieWithParent, parent):
	}
	h.shutdown()
}

func fatal(err error) {
	fmt.Fprintf(os.Stderr, "esxbk-host: error: %v\n", err)
	os.Exit(1)
}

func parseFlags(args []string) (config, error) {
	var cfg config
	var flavor, pwFile string

	fs := flag.NewFlagSet("esxbk-host", flag.ContinueOnError)
	fs.StringVar(&flavor, "flavor", "esxi", "`esxi` or vcenter")
	fs.StringVar(&cfg.specFile, "spec", "", "`FILE` that lists the VMs")
	fs.StringVar(&cfg.siteFile, "site", "", "`FILE` with more datacenters, clusters, hosts, pools")
	fs.StringVar(&cfg.state, "state", "", "`DIR` for host.json, logs, certificates and streams")
	fs.StringVar(&cfg.listen, "listen", "127.0.0.1:0", "`ADDRESS` of the API")
	fs.StringVar(&cfg.user, "user", "root", "the one `USER`")
	fs.StringVar(&cfg.password, "password", "", "that user's `PASSWORD`")
	fs.StringVar(&pwFile, "password-file", "", "`FILE` whose first line is the password")
	fs.DurationVar(&cfg.leaseTimeout, "lease-timeout", 300*time.Second, "`TIME` a lease lives without progress")
	fs.DurationVar(&cfg.leaseInit, "lease-init", 300*time.Millisecond, "`TIME` until a lease is ready")
	fs.StringVar(&cfg.api, "api", "", "newest API `VERSION` that is spoken")
	fs.IntVar(&cfg.pageSize, "page-size", 100, "objects a reply of the property collector holds")
	fs.DurationVar(&cfg.sessionIdle, "session-idle", 30*time.Minute, "`TIME` an idle session lives")
	fs.DurationVar(&cfg.taskQueue, "task-queue", 150*time.Millisecond, "`TIME` a task is queued")
	fs.DurationVar(&cfg.taskRun, "task-run", 150*time.Millisecond, "`TIME` a task runs")
	fs.DurationVar(&cfg.toolsAfter, "tools-after", 0, "`TIME` from power on until the tools run; the address takes twice that")
	fs.BoolVar(&cfg.lenientCookie, "lenient-cookie", false, "take the session cookie without its quotes too (govc)")
	fs.BoolVar(&cfg.dieWithParent, "die-with-parent", false, "end when the parent process ends")
	if err := fs.Parse(args); err != nil {
		return cfg, err
	}
	return cfg, cfg.check(flavor, pwFile, fs.Args())
}

func (cfg *config) check(flavor, pwFile string, rest []string) error {
	switch {
	case len(rest) != 0:
		return fmt.Errorf("%s: unexpected operand", rest[0])
	case flavor != "esxi" && flavor != "vcenter":
		return fmt.Errorf("--flavor %s: neither esxi nor vcenter", flavor)
	case cfg.specFile == "":
		return fmt.Errorf("--spec is missing")
	case cfg.state == "":
		return fmt.Errorf("--state is missing")
	case cfg.api != "" && !isVersion(cfg.api):
		return fmt.Errorf("--api %s: no such version", cfg.api)
	case cfg.pageSize < 1:
		return fmt.Errorf("--page-size %d: less than 1", cfg.pageSize)
	}
	cfg.vcenter = flavor == "vcenter"
	if pwFile != "" {
		b, err := os.ReadFile(pwFile)
		if err != nil {
			return err
		}
		cfg.password = strings.SplitN(string(b), "\n", 2)[0]
	}
	if cfg.password == "" {
		return fmt.Errorf("--password or --password-file is missing")
	}
	return nil
}

// orphaned is closed when the parent is gone; never, if that was not asked.
func orphaned(asked bool, parent int) <-chan struct{} {
	gone := make(chan struct{})
	if !asked {
		return gone
	}
	go func() {
		for os.Getppid() == parent {
			time.Sleep(100 * time.Millisecond)
		}
		close(gone)
	}()
	return gone
}
