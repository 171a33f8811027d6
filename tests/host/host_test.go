package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// client is the plainest one: it sends text and looks at text.
type client struct {
	t      *testing.T
	h      *Host
	http   *http.Client
	cookie string
}

// start runs a host with one stopped VM of one disk, and one running one.
func start(t *testing.T, change func(*config)) *client {
	t.Helper()
	dir := t.TempDir()
	specs := []vmSpec{
		{Name: "off", Moid: "12", Disks: []diskSpec{{File: rawDisk(t, 2<<20, 0, 9, 20).path}}},
		{Name: "on", Moid: "13", Power: "on", Tools: "ok", Disks: []diskSpec{{File: rawDisk(t, 1<<20, 3).path},
			{File: rawDisk(t, 1<<20, 4).path, Mode: "independent_persistent"}}},
	}
	b, _ := json.Marshal(specs)
	file := filepath.Join(dir, "spec.json")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := config{specFile: file, state: dir, listen: "127.0.0.1:0", user: "root", password: "pw",
		leaseTimeout: time.Minute, leaseInit: 30 * time.Millisecond, pageSize: 100, sessionIdle: time.Minute,
		taskQueue: 10 * time.Millisecond, taskRun: 10 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	h, err := newHost(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.shutdown)
	return &client{t: t, h: h, http: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true}}}
}

func (c *client) call(name, inside string) (int, string) {
	c.t.Helper()
	r, _ := http.NewRequest(http.MethodPost, fmt.Sprintf("https://127.0.0.1:%d/sdk", port(c.h.api)), strings.NewReader(method(name, inside)))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("SOAPAction", "urn:vim25/7.0.3.0")
	if c.cookie != "" {
		r.Header.Set("Cookie", c.cookie)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	if ck := res.Header.Get("Set-Cookie"); ck != "" && res.StatusCode == http.StatusOK {
		c.cookie = strings.SplitN(ck, ";", 2)[0]
	}
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func (c *client) must(name, inside, want string) string {
	c.t.Helper()
	_, text := c.call(name, inside)
	if !strings.Contains(text, want) {
		c.t.Fatalf("%s: no %q in %s", name, want, text)
	}
	return text
}

func (c *client) login() {
	c.t.Helper()
	c.must("Login", `<_this type="SessionManager">ha-sessionmgr</_this><userName>root</userName><password>pw</password>`, "LoginResponse")
}

func (c *client) get(kind, id, path string) string {
	c.t.Helper()
	return c.must("RetrievePropertiesEx", thisPC+"<specSet><propSet><type>"+kind+"</type><pathSet>"+path+
		"</pathSet></propSet><objectSet><obj type=\""+kind+"\">"+id+"</obj></objectSet></specSet><options/>", "Response")
}

func (c *client) await(kind, id, path, want string) string {
	c.t.Helper()
	text := ""
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if text = c.get(kind, id, path); strings.Contains(text, want) {
			return text
		}
	}
	c.t.Fatalf("%s of %s: no %q in %s", path, id, want, text)
	return ""
}

func (c *client) arm(f armedFault) {
	c.t.Helper()
	if err := c.h.faults.arm(&f); err != nil {
		c.t.Fatal(err)
	}
}

func inside(text, elem string) string {
	m := regexp.MustCompile("<" + elem + "[^>]*>([^<]*)</" + elem + ">").FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// export opens a lease on the stopped VM and waits until it is ready.
func (c *client) export() (lease, url string) {
	c.t.Helper()
	lease = inside(c.must("ExportVm", thisVM, "ExportVmResponse"), "returnval")
	c.await("HttpNfcLease", lease, "state", ">ready<")
	url = inside(c.get("HttpNfcLease", lease, "info"), "url")
	return lease, strings.Replace(url, "*", fmt.Sprintf("127.0.0.1:%d", port(c.h.api)), 1)
}

func (c *client) download(url string) (int, []byte, error) {
	res, err := c.http.Get(url)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, b, err
}

func thisLease(id string) string { return `<_this type="HttpNfcLease">` + id + "</_this>" }

func TestSessionNeedsItsQuotes(t *testing.T) {
	c := start(t, nil)
	now := `<_this type="ServiceInstance">ServiceInstance</_this>`
	c.must("CurrentTime", now, "NotAuthenticated")
	c.login()
	c.must("CurrentTime", now, "CurrentTimeResponse")
	whole := c.cookie
	c.cookie = strings.ReplaceAll(whole, `"`, "")
	c.must("CurrentTime", now, "NotAuthenticated")
	c.cookie = whole
	c.h.mu.Lock()
	c.h.expireAll("test")
	c.h.mu.Unlock()
	c.must("CurrentTime", now, "NotAuthenticated")
}

func TestIdleSessionsEnd(t *testing.T) {
	c := start(t, func(cfg *config) { cfg.sessionIdle = 50 * time.Millisecond })
	c.login()
	time.Sleep(100 * time.Millisecond)
	c.must("CurrentTime", `<_this type="ServiceInstance">ServiceInstance</_this>`, "NotAuthenticated")
}

func TestExportVMBlocksTheVM(t *testing.T) {
	c := start(t, nil)
	c.login()
	lease, url := c.export()
	c.must("ExportVm", thisVM, "TaskInProgress")
	c.must("PowerOnVM_Task", thisVM, "TaskInProgress")
	if status, _, _ := c.download(url); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	c.must("HttpNfcLeaseAbort", thisLease(lease), "Response")
	if status, _, _ := c.download(url); status != http.StatusNotFound {
		t.Errorf("status %d after the lease", status)
	}
	c.must("HttpNfcLeaseComplete", thisLease(lease), "InvalidState")
	c.must("PowerOnVM_Task", thisVM, "PowerOnVM_TaskResponse")
}

func TestLeaseTimesOut(t *testing.T) {
	c := start(t, func(cfg *config) { cfg.leaseTimeout = 200 * time.Millisecond })
	c.login()
	lease, url := c.export()
	c.arm(armedFault{Kind: "slow", Rate: 10000})
	_, cut, err := c.download(url)
	if err != nil || len(cut) == 0 || len(cut) >= overhead*sector {
		t.Errorf("%d bytes, %v: not a clean short end", len(cut), err)
	}
	c.await("HttpNfcLease", lease, "state", ">error<")
	c.await("HttpNfcLease", lease, "error", "Timedout")
	c.must("HttpNfcLeaseProgress", thisLease(lease)+"<percent>1</percent>", "Timedout")
	c.must("ExportVm", thisVM, "ExportVmResponse")
}

func TestIndependentDisksAreNotInASnapshot(t *testing.T) {
	c := start(t, nil)
	c.login()
	this := `<_this type="VirtualMachine">13</_this>`
	task := inside(c.must("CreateSnapshot_Task", this+"<name>s</name><memory>false</memory><quiesce>true</quiesce>", "Response"), "returnval")
	c.await("Task", task, "info", "<state>success</state>")
	tree := c.get("VirtualMachine", "13", "snapshot")
	if !strings.Contains(tree, "<quiesced>true</quiesced>") {
		t.Error("not quiesced: " + tree)
	}
	snap := inside(tree, "currentSnapshot")
	thisSnap := `<_this type="VirtualMachineSnapshot">` + snap + "</_this>"
	lease := inside(c.must("ExportSnapshot", thisSnap, "Response"), "returnval")
	c.await("HttpNfcLease", lease, "state", ">ready<")
	if n := strings.Count(c.get("HttpNfcLease", lease, "info"), "<deviceUrl>"); n != 1 {
		t.Errorf("%d files instead of one disk", n)
	}
	remove := thisSnap + "<removeChildren>false</removeChildren><consolidate>true</consolidate>"
	task = inside(c.must("RemoveSnapshot_Task", remove, "Response"), "returnval")
	c.await("Task", task, "info", "FileLocked")
	c.must("HttpNfcLeaseComplete", thisLease(lease), "Response")
	task = inside(c.must("RemoveSnapshot_Task", remove, "Response"), "returnval")
	c.await("Task", task, "info", "<state>success</state>")
	if text := c.get("VirtualMachine", "13", "snapshot"); strings.Contains(text, "rootSnapshotList") {
		t.Error("still there: " + text)
	}
}
