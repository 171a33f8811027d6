package main

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

const diskKey, nvramKey = "/new/ParaVirtualSCSIController1:2", "/new/nvram"

// someStream is a disk of 2 MiB and its raw content.
func someStream(t *testing.T) (stream, raw []byte) {
	d := rawDisk(t, 2<<20, 0, 5, 31)
	raw, err := os.ReadFile(d.path)
	if err != nil {
		t.Fatal(err)
	}
	return makeStream(t, d.freeze(), d.size), raw
}

func TestImport(t *testing.T) {
	c := start(t, nil)
	c.login()
	stream, raw := someStream(t)
	lease, urls := c.begin("new", "thin")
	if len(urls) != 2 || urls[diskKey] == "" || urls[nvramKey] == "" {
		t.Fatalf("URLs %v", urls)
	}
	this := thisLease(lease)
	c.must("HttpNfcLeaseSetManifestChecksumType", this+"<deviceUrlsToChecksumTypes><key>"+diskKey+
		"</key><value>sha256</value></deviceUrlsToChecksumTypes>", "Response")
	c.must("HttpNfcLeaseComplete", this, "InvalidState")
	id := inside(c.get("HttpNfcLease", lease, "info"), "entity")
	vm := `<_this type="VirtualMachine">` + id + "</_this>"
	c.must("PowerOnVM_Task", vm, "TaskInProgress")
	c.must("Destroy_Task", vm, "TaskInProgress")
	if status, text := c.send("POST", urls[diskKey], stream, "Content-Type", streamType); status != http.StatusOK {
		t.Fatalf("disk: %d %s", status, text)
	}
	c.must("HttpNfcLeaseComplete", this, "InvalidState")
	if status, text := c.send("PUT", urls[nvramKey], []byte("boot"), "Overwrite", "t"); status != http.StatusCreated {
		t.Fatalf("nvram: %d %s", status, text)
	}
	if status, _ := c.send("POST", urls[diskKey], stream, "Content-Type", streamType); status != http.StatusInternalServerError {
		t.Errorf("the same disk again: %d", status)
	}
	one, two := sha1.Sum([]byte("boot")), sha256.Sum256(stream)
	manifest := c.must("HttpNfcLeaseGetManifest", this, "<checksum>"+hex.EncodeToString(two[:])+"</checksum><checksumType>sha256<")
	key := "<key>/" + id + "/ParaVirtualSCSIController1:2</key>"
	if !strings.Contains(manifest, key) || !strings.Contains(c.get("HttpNfcLease", lease, "info"), key) {
		t.Error("the key of the disk is not the VM's: " + manifest)
	}
	if !strings.Contains(manifest, hex.EncodeToString(one[:])) {
		t.Error("no SHA-1 of the nvram: " + manifest)
	}
	c.must("HttpNfcLeaseComplete", this, "Response")
	c.h.mu.Lock()
	v := c.h.vmNamed("new")
	c.h.mu.Unlock()
	got, _ := os.ReadFile(v.disks[0].raw.path)
	kept, _ := os.ReadFile(v.uploads[0]["stored"].(string))
	nvram, _ := os.ReadFile(v.spec.NVRAM)
	if !bytes.Equal(got, raw) || !bytes.Equal(kept, stream) || string(nvram) != "boot" {
		t.Error("what came is not what was sent")
	}
	hw := c.get("VirtualMachine", id, "config.hardware")
	for _, want := range []string{"VirtualE1000", "00:50:56:01:02:03", "<label>Hard disk 1<", "<key>2018</key>", "<numCPU>2<"} {
		if !strings.Contains(hw, want) {
			t.Errorf("no %s in %s", want, hw)
		}
	}
	c.task("PowerOnVM_Task", vm, "<state>success</state>")
	c.must("Destroy_Task", vm, "InvalidPowerState")
	c.task("PowerOffVM_Task", vm, "<state>success</state>")
	c.task("Destroy_Task", vm, "<state>success</state>")
	c.gone("new")
}

func TestUploadsRefused(t *testing.T) {
	c := start(t, nil)
	c.login()
	_, urls := c.begin("new", "thin")
	for _, k := range []struct {
		method, url string
		headers     []string
		status      int
		text        string
	}{
		{"POST", urls[nvramKey], []string{"Content-Type", streamType}, 405, "Cannot POST to non-disk files"},
		{"PUT", urls[diskKey], []string{"Overwrite", "t"}, 405, "Cannot PUT disk files"},
		{"GET", urls[diskKey], nil, 405, ""},
		{"POST", urls[diskKey], []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, streamType},
		{"PUT", urls[nvramKey], nil, 409, ""},
		{"POST", urls[diskKey] + "x", []string{"Content-Type", streamType}, 404, ""},
	} {
		if status, text := c.send(k.method, k.url, []byte("data"), k.headers...); status != k.status || !strings.Contains(text, k.text) {
			t.Errorf("%s: %d %q instead of %d %q", k.method, status, text, k.status, k.text)
		}
	}
	c.arm(armedFault{Kind: "upload-status"})
	if status, text := c.send("PUT", urls[nvramKey], []byte("x"), "Overwrite", "t"); status != 503 || !strings.Contains(text, "<H1>503") {
		t.Errorf("%d %q instead of the armed 503", status, text)
	}
	if status, _ := c.send("PUT", urls[nvramKey], []byte("x"), "Overwrite", "t"); status != 201 {
		t.Errorf("%d after the refusals", status)
	}
}

// Each damage is one that a tool which only looks at a part would let pass.
func TestBadStreams(t *testing.T) {
	good, _ := someStream(t)
	le := binary.LittleEndian
	size := len(good)
	gt := bytes.Index(good[overhead*sector:], []byte{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}) + overhead*sector
	for _, k := range []struct {
		name string
		harm func(b []byte) []byte
		want string
	}{
		{"magic", func(b []byte) []byte { b[0] = 'X'; return b }, "invalid sparse VMDK header"},
		{"version", func(b []byte) []byte { b[4] = 1; return b }, "sparse VMDK version too old"},
		{"capacity", func(b []byte) []byte { le.PutUint64(b[12:], 8192); return b }, "capacity of 8192 sectors instead of 4096"},
		{"descriptor", func(b []byte) []byte { b[sector] = 0; return b }, "no descriptor"},
		{"newlines", func(b []byte) []byte { b[73] = ' '; return b }, "newline bytes"},
		{"cut", func(b []byte) []byte { return b[:size/2/sector*sector] }, "the stream ends in"},
		{"no end", func(b []byte) []byte { return b[:size-sector] }, "the stream ends in the markers"},
		{"more", func(b []byte) []byte { return append(b, make([]byte, sector)...) }, "bytes after the end"},
		{"grain", func(b []byte) []byte { b[overhead*sector+100] ^= 1; return b }, "the grain of sector 0"},
		{"place", func(b []byte) []byte { b[overhead*sector] = 128; return b }, "names sector 128 for grain 0, the stream has 0"},
		{"order", func(b []byte) []byte { le.PutUint64(b[overhead*sector:], 31*128); return b }, "a grain of sector 640 after 3968"},
		{"beyond", func(b []byte) []byte { le.PutUint64(b[overhead*sector:], 32*128); return b }, "a grain of sector 4096 of 4096"},
		{"lost grain", func(b []byte) []byte { copy(b[gt+sector+20:], make([]byte, 4)); return b }, "names sector 0 for grain 5"},
		{"marker", func(b []byte) []byte { b[gt+12] = 9; return b }, "unknown marker type 9"},
		{"directory", func(b []byte) []byte { copy(b[size-3*sector:], []byte{9, 9, 9, 9}); return b }, ""},
		{"footer", func(b []byte) []byte { b[size-2*sector+12] = 1; return b }, "the footer does not fit"},
		{"no footer", func(b []byte) []byte { return append(b[:size-3*sector:size-3*sector], make([]byte, sector)...) }, "no footer before the end"},
		{"end", func(b []byte) []byte { b[size-1] = 1; return b }, "end-of-stream marker is not empty"},
	} {
		_, err := readVMDK(bytes.NewReader(k.harm(append([]byte(nil), good...))), 2<<20, func(int64, []byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: %v instead of %q", k.name, err, k.want)
		}
	}
	if _, err := readVMDK(bytes.NewReader(good), 2<<20, func(int64, []byte) error { return nil }); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestBadUploads(t *testing.T) {
	c := start(t, nil)
	c.login()
	stream, _ := someStream(t)
	post := func(url string, body []byte) int {
		status, _ := c.send("POST", url, body, "Content-Type", streamType)
		return status
	}
	for _, k := range []struct {
		name   string
		fault  armedFault
		body   []byte
		status int
		want   string
	}{
		{"garbage", armedFault{}, bytes.Repeat([]byte("no disk "), 10000), 500, "Not a supported disk format (invalid sparse VMDK header): [datastore1] new/disk-0.vmdk"},
		{"cut", armedFault{}, stream[:len(stream)-2*sector], 500, "the stream ends in the"},
		{"reset", armedFault{Kind: "upload-reset", AfterBytes: 70000}, stream, 0, "The transfer of [datastore1] new/disk-0.vmdk was interrupted."},
		{"half", armedFault{Kind: "upload-reset", Percent: 50}, stream, 0, "was interrupted"},
		{"last byte", armedFault{Kind: "upload-reset", What: "last"}, stream, 0, "was interrupted"},
		{"lease", armedFault{Kind: "upload-lease-error", AfterBytes: 70000, Message: "disk lost"}, stream, 0, "<localizedMessage>disk lost<"},
	} {
		lease, urls := c.begin("new", "thin")
		if k.fault.Kind != "" {
			c.arm(k.fault)
		}
		if status := post(urls[diskKey], k.body); status != k.status {
			t.Errorf("%s: status %d instead of %d", k.name, status, k.status)
		}
		c.await("HttpNfcLease", lease, "state", ">error<")
		if text := c.get("HttpNfcLease", lease, "error"); !strings.Contains(text, k.want) {
			t.Errorf("%s: no %q in %s", k.name, k.want, text)
		}
		c.gone("new")
	}
	lease, urls := c.begin("new", "thin")
	c.arm(armedFault{Kind: "upload-stall", AfterBytes: 70000, MS: 60000})
	done := make(chan int)
	go func() { done <- post(urls[diskKey], stream) }()
	time.Sleep(50 * time.Millisecond)
	c.must("HttpNfcLeaseAbort", thisLease(lease), "Response")
	select {
	case status := <-done:
		if status != 0 {
			t.Errorf("status %d of an aborted upload", status)
		}
	case <-time.After(5 * time.Second):
		t.Error("the end of the lease did not end the upload")
	}
	c.gone("new")
}

func TestUploadDamageAndExpiry(t *testing.T) {
	c := start(t, nil)
	c.login()
	stream, _ := someStream(t)
	lease, urls := c.begin("new", "thin")
	c.arm(armedFault{Kind: "upload-damage", AfterBytes: 66000})
	c.arm(armedFault{Kind: "upload-expire", AfterBytes: 66000})
	if status, text := c.send("POST", urls[diskKey], stream, "Content-Type", streamType); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	c.must("HttpNfcLeaseGetManifest", thisLease(lease), "NotAuthenticated")
	c.cookie = ""
	c.login()
	sum := sha1.Sum(stream)
	if text := c.must("HttpNfcLeaseGetManifest", thisLease(lease), "<sha1>"); strings.Contains(text, hex.EncodeToString(sum[:])) {
		t.Error("the manifest tells nothing of the damage")
	}
	c.must("HttpNfcLeaseAbort", thisLease(lease), "Response")
	c.gone("new")
}

func TestImportTimesOut(t *testing.T) {
	c := start(t, nil)
	c.login()
	lease, _ := c.begin("new", "thick")
	if !c.there("new") {
		t.Error("the VM of an open import is not listed")
	}
	c.h.mu.Lock()
	c.h.cfg.leaseTimeout = 50 * time.Millisecond
	c.h.mu.Unlock()
	c.await("HttpNfcLease", lease, "error", "Timedout")
	c.gone("new")
}

// A thin disk takes its space as it fills.
func TestUploadFillsTheDatastore(t *testing.T) {
	c := start(t, nil)
	c.login()
	stream, _ := someStream(t)
	lease, urls := c.begin("new", "thin")
	c.h.mu.Lock()
	ds := c.h.site.datastore
	free := ds.Summary.FreeSpace
	c.h.giveBack(ds, 2*block-free)
	c.h.mu.Unlock()
	if status, _ := c.send("POST", urls[diskKey], stream, "Content-Type", streamType); status != 0 {
		t.Errorf("status %d", status)
	}
	c.await("HttpNfcLease", lease, "error", "Insufficient disk space")
	c.h.mu.Lock()
	c.h.giveBack(ds, free-2*block)
	c.h.mu.Unlock()
	c.gone("new")
}
