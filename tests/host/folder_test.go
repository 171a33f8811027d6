package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fileGet is a request for a file as it stands on the wire.
type fileGet struct {
	method, url, rng, auth string // auth is a whole header
}

func basic(user, pw string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+pw))
}

// fetch sends it by hand: no client may tidy up the URL.
func (c *client) fetch(g fileGet) (*http.Response, []byte, error) {
	c.t.Helper()
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port(c.h.api)), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	if g.method == "" {
		g.method = "GET"
	}
	if g.auth == "" {
		g.auth = basic("root", "pw")
	}
	text := g.method + " " + g.url + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + g.auth + "\r\n"
	if g.rng != "" {
		text += "Range: " + g.rng + "\r\n"
	}
	_, _ = io.WriteString(conn, text+"\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: g.method})
	if err != nil {
		return &http.Response{Header: http.Header{}}, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, b, err
}

// status fetches and compares the status.
func (c *client) status(g fileGet, want int) []byte {
	c.t.Helper()
	res, b, err := c.fetch(g)
	if err != nil || res.StatusCode != want {
		c.t.Errorf("%s %q %s: status %d instead of %d, %v", g.method, g.url, g.rng, res.StatusCode, want, err)
	}
	return b
}

const (
	offFlat = "/folder/off/off-flat.vmdk?dcPath=ha-datacenter&dsName=datastore1"
	onFlat  = "/folder/on/on-flat.vmdk?dcPath=ha-datacenter&dsName=datastore1"
)

func (c *client) raw(v, disk int) []byte {
	c.t.Helper()
	b, err := os.ReadFile(c.h.vms[v].disks[disk].raw.path)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// event gives the last line of a kind.
func (c *client) event(kind string) map[string]interface{} {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.h.cfg.state, "events.jsonl"))
	if err != nil {
		c.t.Fatal(err)
	}
	var last map[string]interface{}
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		var e map[string]interface{}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			c.t.Fatal(err)
		}
		if e["event"] == kind {
			last = e
		}
	}
	return last
}

func TestFilesNeedALogin(t *testing.T) {
	c := start(t, nil)
	c.status(fileGet{url: offFlat, auth: "X-None: 1"}, 401)
	c.status(fileGet{url: offFlat, auth: basic("root", "wrong")}, 401)
	c.status(fileGet{url: offFlat, auth: basic("someone", "pw")}, 401)
	c.status(fileGet{url: "/folder/none/none.vmx?dsName=datastore1", auth: "X-None: 1"}, 401)
	if b := c.status(fileGet{url: offFlat}, 200); !bytes.Equal(b, c.raw(0, 0)) {
		t.Error("other bytes with a password")
	}
	c.login()
	if b := c.status(fileGet{url: offFlat, auth: "Cookie: " + c.cookie}, 200); !bytes.Equal(b, c.raw(0, 0)) {
		t.Error("other bytes with a cookie")
	}
	if e := c.event("folder-get"); e["auth"] != "cookie" || e["bytes"] != float64(2<<20) || e["complete"] != true || e["vm"] != "off" {
		t.Error(e)
	}
	c.status(fileGet{url: offFlat, auth: "Cookie: " + strings.ReplaceAll(c.cookie, `"`, "")}, 401)
	c.arm(armedFault{Kind: "folder-expire", Skip: 1})
	c.status(fileGet{url: offFlat, auth: "Cookie: " + c.cookie, rng: "bytes=0-9"}, 206)
	c.status(fileGet{url: offFlat, auth: "Cookie: " + c.cookie, rng: "bytes=10-19"}, 401)
	c.must("CurrentTime", `<_this type="ServiceInstance">ServiceInstance</_this>`, "NotAuthenticated")
}

func TestFileGetsAreNoActivity(t *testing.T) {
	c := start(t, nil)
	c.login()
	since := func(d time.Duration) {
		c.locked(func() {
			for _, s := range c.h.sessions {
				s.user.LastActiveTime = s.user.LastActiveTime.Add(-d)
			}
		})
	}
	since(30 * time.Second)
	c.status(fileGet{method: "HEAD", url: offFlat, auth: "Cookie: " + c.cookie}, 200)
	since(31 * time.Second)
	c.status(fileGet{method: "HEAD", url: offFlat, auth: "Cookie: " + c.cookie}, 401)
}

func TestFileRanges(t *testing.T) {
	c := start(t, nil)
	raw := c.raw(0, 0)
	size := len(raw)
	for _, r := range []struct {
		text     string
		status   int
		from, to int
	}{
		{"bytes=0-0", 206, 0, 1},
		{"bytes=65535-65536", 206, 65535, 65537},
		{"bytes=1000000-1999999", 206, 1000000, 2000000},
		{"bytes=2000000-", 206, 2000000, size},
		{"bytes=2000000-9999999", 206, 2000000, size},
		{"bytes=-5", 206, size - 5, size},
		{"bytes=-99999999", 206, 0, size},
		{"bytes=2097152-", 416, 0, 0},
		{"bytes=99999999999-99999999999", 416, 0, 0},
		{"bytes=-0", 416, 0, 0},
		{"bytes=0-9,20-29", 200, 0, size},
		{"bytes=9-0", 200, 0, size},
		{"bytes=a-b", 200, 0, size},
		{"bytes=-", 200, 0, size},
		{"lines=1-2", 200, 0, size},
	} {
		res, b, err := c.fetch(fileGet{url: offFlat, rng: r.text})
		want := map[int]string{200: "", 416: fmt.Sprintf("bytes */%d", size),
			206: fmt.Sprintf("bytes %d-%d/%d", r.from, r.to-1, size)}[r.status]
		if err != nil || res.StatusCode != r.status || res.Header.Get("Content-Range") != want {
			t.Errorf("%s: %d %q %v", r.text, res.StatusCode, res.Header.Get("Content-Range"), err)
		}
		if r.status != 416 && !bytes.Equal(b, raw[r.from:r.to]) {
			t.Errorf("%s: %d other bytes", r.text, len(b))
		}
	}
	res, b, _ := c.fetch(fileGet{method: "HEAD", url: offFlat})
	if res.ContentLength != int64(size) || len(b) != 0 || res.Header.Get("Last-Modified") == "" || res.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD: %v", res.Header)
	}
	if e := c.event("folder-head"); e["status"] != float64(200) || e["bytes"] != float64(0) {
		t.Error(e)
	}
}

func TestFileMethodsAndText(t *testing.T) {
	c := start(t, nil)
	for _, m := range []string{"POST", "DELETE", "OPTIONS", "PATCH"} {
		c.status(fileGet{method: m, url: offFlat}, 405)
	}
	c.status(fileGet{method: "PUT", url: offFlat}, 403)
	c.status(fileGet{url: "/folder/off file.vmx?dsName=datastore1"}, 400)
	for _, url := range []string{"/folder/off/\xc3\xbc.vmx?dsName=datastore1", "/folder/off/a<b?dsName=datastore1",
		"/folder/off/x?dsName=data%zz"} {
		c.status(fileGet{url: url}, 400)
		if e := c.event("malformed"); e == nil || e["method"] != "folder" {
			t.Errorf("%q: %v", url, e)
		}
	}
	for _, url := range []string{"/folder", "/folder/", "/folder/?dcPath=ha-datacenter&dsName=datastore1", "/folder/off?dsName=datastore1",
		"/folder/off/?dsName=datastore1"} {
		c.status(fileGet{url: url}, map[bool]int{true: 403, false: 404}[strings.Contains(url, "dsName")])
	}
	for _, url := range []string{"/folder/off/off-flat.vmdk", "/folder/off/off-flat.vmdk?dcPath=ha-datacenter",
		"/folder/off/off-flat.vmdk?dcPath=ha-datacenter&dsName=datastore2", "/folder/off/off-flat.vmdk?dcPath=Lab&dsName=datastore1",
		"/folder/off/off-flat.vmdk?dcPath=&dsName=datastore1", "/folder/off/../off/off-flat.vmdk?dsName=datastore1",
		"/folder/off%2Foff-flat.vmdk?dsName=datastore1", "/folder/off%252Foff-flat.vmdk?dsName=datastore1", "/folder/off//off-flat.vmdk?dsName=datastore1",
		"/folder/off/off-flat.vmdk/?dsName=datastore1", "/folder/Off/off-flat.vmdk?dsName=datastore1"} {
		c.status(fileGet{url: url}, 404)
	}
	c.status(fileGet{url: "/folder/off/off-flat.vmdk?dsName=datastore1"}, 200)
	c.status(fileGet{url: "/folder/%6Fff/off%2Dflat.vmdk?dsName=datastore%31&more=x"}, 200)
	c.h.denied["Datastore.FileManagement"] = true
	c.status(fileGet{url: offFlat}, 403)
}

// odd is a site with the names that matter, and a VM in each corner of it.
func odd(t *testing.T, vcenter bool) *client {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, v interface{}) string {
		b, _ := json.Marshal(v)
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	stores := []storeSpec{{Name: "two words"}, {Name: "a+b"}, {Name: "EP&T"}, {Name: "50%"}, {Name: "x/y"},
		{Name: "br\u00fccke"}, {Name: "vsanDatastore", Type: "vsan"}}
	site := siteSpec{Datacenters: []dcSpec{{Datastores: stores}}}
	if vcenter {
		site.Datacenters = append(site.Datacenters,
			dcSpec{Name: "Far", Folder: "sites/two words", Hosts: []clusterSpec{{Name: "esx8", Networks: []string{"VM Network"}}},
				Datastores: []storeSpec{{Name: "far"}}},
			dcSpec{Name: "R+D/50%", Folder: "A&B", Hosts: []clusterSpec{{Name: "esx9", Networks: []string{"VM Network"}}},
				Datastores: []storeSpec{{Name: "datastore1"}}})
	}
	var specs []vmSpec
	add := func(name, dc, ds string) {
		specs = append(specs, vmSpec{Name: name, Datacenter: dc, Datastore: ds, Disks: []diskSpec{{File: rawDisk(t, 1<<20, 3).path}}})
	}
	add("p+q", "", "")
	for _, s := range stores {
		add("vm", "", s.Name)
	}
	if vcenter {
		add("vm", "sites/two words/Far", "")
		add("vm", "A&B/R+D/50%", "datastore1")
	}
	return start(t, func(cfg *config) {
		cfg.vcenter, cfg.specFile, cfg.siteFile = vcenter, write("odd.json", specs), write("site.json", site)
	})
}

func TestOddNamesAreEncodedTwice(t *testing.T) {
	for _, vcenter := range []bool{false, true} {
		c := odd(t, vcenter)
		home := map[bool]string{false: "ha-datacenter", true: "Lab"}[vcenter]
		for _, n := range []struct {
			path, ds string
			status   int
		}{
			{"p+q", "datastore1", 404}, {"p%2Bq", "datastore1", 404}, {"p%252Bq", "datastore1", 200}, {"p%252bq", "datastore1", 200},
			{"vm", "two%20words", 200}, {"vm", "two%2520words", 200}, {"vm", "two+words", 404},
			{"vm", "a+b", 404}, {"vm", "a%2Bb", 404}, {"vm", "a%252Bb", 200}, {"vm", "a%25252Bb", 404},
			{"vm", "EP&T", 404}, {"vm", "EP%26T", 404}, {"vm", "EP%2526T", 200},
			{"vm", "50%25", 404}, {"vm", "50%2525", 200}, {"vm", "50%252525", 200},
			{"vm", "x%2Fy", 404}, {"vm", "x/y", 404}, {"vm", "x%252fy", 200}, {"vm", "x%25252fy", 200},
			{"vm", "br%C3%BCcke", 200}, {"vm", "br%25C3%25BCcke", 200},
		} {
			url := "/folder/" + n.path + "/" + n.path + "-flat.vmdk?dcPath=" + home + "&dsName=" + n.ds
			c.status(fileGet{url: url, method: "HEAD"}, n.status)
		}
	}
}

func TestDatacenterPaths(t *testing.T) {
	c := odd(t, true)
	for _, n := range []struct {
		dc, ds string
		status int
	}{
		{"sites/two%20words/Far", "far", 200}, {"sites%2Ftwo%20words%2FFar", "far", 200}, {"sites%252Ftwo%2520words%252FFar", "far", 200},
		{"Far", "far", 404}, {"sites", "far", 404}, {"sites/two%20words", "far", 404}, {"two%20words/Far", "far", 404}, {"/sites/two%20words/Far", "far", 200},
		{"//sites/two%20words/Far", "far", 404}, {"sites/two%20words/Far/", "far", 404}, {"sites/two+words/Far", "far", 404},
		{"Lab", "far", 404}, {"sites/two%20words/Far", "two%20words", 404},
		{"A%2526B/R%252BD%252f50%2525", "datastore1", 200}, {"A%2526B%252FR%252BD%25252f50%252525", "datastore1", 200},
		{"A%2526B/R%252BD/50%2525", "datastore1", 404}, {"A%2526B/R%252BD%2f50%2525", "datastore1", 404},
		{"A%26B/R%2BD%252f50%2525", "datastore1", 404}, {"Lab", "datastore1", 404},
	} {
		c.status(fileGet{url: "/folder/vm/vm-flat.vmdk?dcPath=" + n.dc + "&dsName=" + n.ds, method: "HEAD"}, n.status)
	}
	c.status(fileGet{url: "/folder/vm/vm-flat.vmdk?dsName=far"}, 404)
}

func TestObjectStoresHaveNoFlatFile(t *testing.T) {
	c := odd(t, false)
	const q = "?dcPath=ha-datacenter&dsName=vsanDatastore"
	c.status(fileGet{url: "/folder/vm/vm-flat.vmdk" + q}, 404)
	if text := string(c.status(fileGet{url: "/folder/vm/vm.vmdk" + q}, 200)); !strings.Contains(text, `VMFS "vsan://`) {
		t.Error(text)
	}
	c.login()
	v := c.h.vms[7]
	if text := c.get("VirtualMachine", v.ref.Value, "layoutEx"); strings.Contains(text, "diskExtent") {
		t.Error(text)
	}
	if text := c.get("Datastore", v.at.ds.Self.Value, "summary"); !strings.Contains(text, "<type>vsan</type>") {
		t.Error(text)
	}
	if text := c.get("Datastore", v.at.ds.Self.Value, "browser"); !strings.Contains(text, "HostDatastoreBrowser") {
		t.Error(text)
	}
}
