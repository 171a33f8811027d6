package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/find"
	gosession "github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
)

// locked runs f with the host's lock, as all that changes a VM must.
func (c *client) locked(f func()) {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	f()
}

func (c *client) write(v, disk int, p []byte, off int64) {
	c.t.Helper()
	if err := c.h.vms[v].disks[disk].raw.writeAt(p, off); err != nil {
		c.t.Fatal(err)
	}
}

const onVM = "/folder/on/on"
const home = "?dcPath=ha-datacenter&dsName=datastore1"

func TestTheBaseUnderASnapshotKeepsItsState(t *testing.T) {
	c := start(t, nil)
	v := c.h.vms[1]
	if b := c.status(fileGet{url: onFlat}, 500); !strings.Contains(string(b), "<H1>500 ") {
		t.Errorf("%q", b)
	}
	before := c.raw(1, 0)
	c.locked(func() { v.addSnapshot("one", "", false); v.refresh() })
	res, _, _ := c.fetch(fileGet{method: "HEAD", url: onFlat})
	c.write(1, 0, bytes.Repeat([]byte{0xaa}, 100000), 190000)
	if b := c.status(fileGet{url: onFlat}, 200); !bytes.Equal(b, before) {
		t.Error("the base is not what it was")
	}
	if b := c.status(fileGet{url: onFlat, rng: "bytes=189990-200009"}, 206); !bytes.Equal(b, before[189990:200010]) {
		t.Error("a piece of the base is not what it was")
	}
	if b := c.status(fileGet{url: onFlat, rng: "bytes=200001-260000"}, 206); !bytes.Equal(b, before[200001:260001]) {
		t.Error("a piece of what was overwritten is not what it was")
	}
	again, _, _ := c.fetch(fileGet{method: "HEAD", url: onFlat})
	if again.Header.Get("Last-Modified") != res.Header.Get("Last-Modified") {
		t.Error("the base changed its time")
	}
	// The live top and the disk that no snapshot holds stay locked.
	c.status(fileGet{url: onVM + "-000001-sesparse.vmdk" + home}, 500)
	c.status(fileGet{url: onVM + "_1-flat.vmdk" + home}, 500)
	text := string(c.status(fileGet{url: onVM + "-000001.vmdk" + home}, 200))
	for _, want := range []string{`createType="seSparse"`, `parentFileNameHint="on.vmdk"`, `RW 2048 SESPARSE "on-000001-sesparse.vmdk"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if text := string(c.status(fileGet{url: onVM + ".vmx" + home}, 200)); !strings.Contains(text, `scsi0:0.fileName = "on-000001.vmdk"`) {
		t.Error(text)
	}
	if text := string(c.status(fileGet{url: onVM + ".vmsd" + home}, 200)); !strings.Contains(text, `snapshot0.displayName = "one"`) {
		t.Error(text)
	}
	c.locked(func() { v.addSnapshot("two", "", false); v.refresh() })
	if b := c.status(fileGet{url: onVM + "-000001-sesparse.vmdk" + home}, 200); len(b) != deltaSize || !bytes.HasPrefix(b, []byte{0xbe, 0xba, 0xfe, 0xca}) {
		t.Errorf("%d bytes of a delta", len(b))
	}
	c.status(fileGet{url: onVM + "-000002-sesparse.vmdk" + home}, 500)
	after := c.raw(1, 0)
	c.locked(func() { v.dropSnapshot(v.roots[0], true); v.refresh() })
	c.write(1, 0, []byte("later"), 0)
	if b := c.status(fileGet{url: onFlat}, 200); !bytes.Equal(b, after) {
		t.Error("the base did not become what the second snapshot holds")
	}
	c.locked(func() { v.dropSnapshot(v.roots[0], true); v.refresh() })
	c.status(fileGet{url: onFlat}, 500)
	c.locked(func() { v.setPower(false) })
	if b := c.status(fileGet{url: onFlat}, 200); !bytes.Equal(b, c.raw(1, 0)) {
		t.Error("the stopped VM's disk is not the live one")
	}
}

func TestLeftDeltasLeaveTheBaseBehind(t *testing.T) {
	c := start(t, nil)
	v := c.h.vms[0]
	before := c.raw(0, 0)
	c.locked(func() { v.addSnapshot("one", "", false); v.dropSnapshot(v.roots[0], false); v.refresh() })
	c.write(0, 0, []byte("later"), 0)
	if b := c.status(fileGet{url: offFlat}, 200); !bytes.Equal(b, before) {
		t.Error("the base has what is in the delta")
	}
	c.login()
	task := inside(c.must("ConsolidateVMDisks_Task", thisVM, "Response"), "returnval")
	c.await("Task", task, "info", "<state>success</state>")
	if b := c.status(fileGet{url: offFlat}, 200); !bytes.Equal(b, c.raw(0, 0)) || bytes.Equal(b, before) {
		t.Error("the base has not what was in the delta")
	}
	if left := len(v.disks[0].raw.frozen); left != 0 {
		t.Errorf("%d contents are still held", left)
	}
}

func TestAWriteDuringAGetIsNotSeen(t *testing.T) {
	c := start(t, nil)
	before := c.raw(0, 0)
	c.arm(armedFault{Kind: "folder-stall", AfterBytes: 1000, MS: 300})
	done := make(chan []byte)
	go func() {
		_, b, _ := c.fetch(fileGet{url: offFlat})
		done <- b
	}()
	for c.fired("folder-stall") == 0 {
		time.Sleep(time.Millisecond)
	}
	c.write(0, 0, []byte("during"), 1<<20)
	if b := <-done; !bytes.Equal(b, before) {
		t.Error("half of the one, half of the other")
	}
}

func (c *client) fired(kind string) int {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.h.cfg.state, "events.jsonl"))
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.Count(string(b), `"event":"fault-fired","file":"off-flat.vmdk","id":1,"kind":"`+kind)
}

// special starts a host with the disks that have no flat file.
func special(t *testing.T) *client {
	dir := t.TempDir()
	nvram := filepath.Join(dir, "nvram")
	_ = os.WriteFile(nvram, []byte("variables"), 0o644)
	disk := func() string { return rawDisk(t, 1<<20, 3).path }
	b, _ := json.Marshal([]vmSpec{{Name: "rdm", Firmware: "efi", NVRAM: nvram, Description: "a \"b\"\nc|d", Disks: []diskSpec{
		{File: disk(), RDM: "physical"}, {File: disk(), RDM: "virtual"}, {File: disk(), Mode: "independent_nonpersistent", Thick: true}}}})
	file := filepath.Join(dir, "special.json")
	_ = os.WriteFile(file, b, 0o644)
	return start(t, func(cfg *config) { cfg.specFile = file })
}

func TestFilesOfOtherKinds(t *testing.T) {
	c := special(t)
	for _, f := range []struct {
		name   string
		status int
		want   string
	}{
		{"rdm-flat.vmdk", 404, ""}, {"rdm-rdmp.vmdk", 500, ""}, {"rdm_1-flat.vmdk", 404, ""}, {"rdm_1-rdm.vmdk", 500, ""},
		{"rdm_1-rdmp.vmdk", 404, ""}, {"rdm_2-flat.vmdk", 200, ""}, {"rdm_3.vmdk", 404, ""}, {"rdm.vswp", 404, ""},
		{"rdm.vmdk", 200, `createType="vmfsPassthroughRawDeviceMap"`}, {"rdm.vmdk", 200, `RW 2048 VMFSRDM "rdm-rdmp.vmdk"`},
		{"rdm_1.vmdk", 200, `createType="vmfsRawDeviceMap"`}, {"rdm_2.vmdk", 200, `createType="vmfs"`},
		{"rdm_2.vmdk", 200, `ddb.uuid = "60 00 C2 9`}, {"rdm.nvram", 200, "variables"},
		{"rdm.vmx", 200, `nvram = "rdm.nvram"`}, {"rdm.vmx", 200, `annotation = "a |22b|22|0Ac|7Cd"`},
		{"rdm.vmx", 200, `firmware = "efi"`}, {"rdm.vmx", 200, `scsi0:2.mode = "independent-nonpersistent"`},
	} {
		if b := c.status(fileGet{url: "/folder/rdm/" + f.name + home}, f.status); !bytes.Contains(b, []byte(f.want)) {
			t.Errorf("%s: no %s in %s", f.name, f.want, b)
		}
	}
	if text := string(c.status(fileGet{url: "/folder/rdm/rdm_2.vmdk" + home}, 200)); strings.Contains(text, "thinProvisioned") {
		t.Error(text)
	}
	c.login()
	text := c.get("VirtualMachine", "12", "layoutEx")
	for _, want := range []string{"rdm/rdm-rdmp.vmdk</name>", "rdm/rdm_1-rdm.vmdk</name>", "rdm/rdm_2-flat.vmdk</name>", "rdm/rdm.nvram</name>"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if text := c.get("VirtualMachine", "12", "layout"); !strings.Contains(text, "<diskFile>[datastore1] rdm/rdm_2.vmdk</diskFile>") {
		t.Error(text)
	}
}

// govmomi's own client finds the datastore and gets a file of it.
func TestGovmomiDownloads(t *testing.T) {
	for _, vcenter := range []bool{false, true} {
		c := start(t, func(cfg *config) { cfg.vcenter, cfg.lenientCookie = vcenter, true })
		u, _ := soap.ParseURL(fmt.Sprintf("https://root:pw@127.0.0.1:%d/sdk", port(c.h.api)))
		ctx := context.Background()
		wire := soap.NewClient(u, true)
		wire.Version = "7.0.3.0"
		gc, err := vim25.NewClient(ctx, wire)
		if err != nil {
			t.Fatal(err)
		}
		if err := gosession.NewManager(gc).Login(ctx, u.User); err != nil {
			t.Fatal(err)
		}
		f := find.NewFinder(gc, false)
		dc, err := f.DefaultDatacenter(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ds, err := f.SetDatacenter(dc).Datastore(ctx, "datastore1")
		if err != nil {
			t.Fatal(err)
		}
		body, size, err := ds.Download(ctx, "off/off-flat.vmdk", &soap.DefaultDownload)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		if err != nil || size != 2<<20 || !bytes.Equal(b, c.raw(0, 0)) {
			t.Errorf("%d of %d bytes, %v", len(b), size, err)
		}
		if _, _, err := ds.Download(ctx, "on/on-flat.vmdk", &soap.DefaultDownload); err == nil || !strings.Contains(err.Error(), "500") {
			t.Errorf("the running VM's: %v", err)
		}
	}
}
