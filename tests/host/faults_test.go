package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFaultsCountDown(t *testing.T) {
	log, err := openEventLog(filepath.Join(t.TempDir(), "events"))
	if err != nil {
		t.Fatal(err)
	}
	table := &faultTable{log: log}
	two, disk := 2, 1
	if err := table.arm(&armedFault{Kind: "short", VM: "a", Disk: &disk, Times: &two, Skip: 1}); err != nil {
		t.Fatal(err)
	}
	fires := func(o occasion) bool { return table.fire("short", o) != nil }
	if fires(occasion{vm: "b", disk: 1}) || fires(occasion{vm: "a", disk: 0}) {
		t.Error("fired for something else")
	}
	for i, want := range []bool{false, true, true, false} {
		if fires(occasion{vm: "a", disk: 1}) != want {
			t.Errorf("occasion %d: not %v", i, want)
		}
	}
	if table.arm(&armedFault{Kind: "nonsense"}) == nil || table.arm(&armedFault{Kind: "fault", Type: "Nonsense"}) == nil {
		t.Error("nonsense was armed")
	}
}

// Every fault that the sources name must be a type that govmomi has.
func TestDefaultFaultTypesExist(t *testing.T) {
	for _, name := range []string{"RuntimeFault", "RestrictedVersion", "GenericVmConfigFault", "FileLocked",
		"OvfUnsupportedDeviceExport", "OvfUnsupportedDeviceBackingInfo", "FileFault", "NotSupported"} {
		if newFault(name) == nil {
			t.Error(name)
		}
	}
}

func TestMethodFaults(t *testing.T) {
	c := start(t, nil)
	c.login()
	now := func(want string) {
		t.Helper()
		c.must("CurrentTime", `<_this type="ServiceInstance">ServiceInstance</_this>`, want)
	}
	c.arm(armedFault{Kind: "fault", Method: "CurrentTime", Type: "NotFound", Message: "pretended"})
	now(`<faultstring>pretended</faultstring><detail><NotFoundFault`)
	c.arm(armedFault{Kind: "http", Method: "CurrentTime"})
	now("Service Unavailable")
	c.arm(armedFault{Kind: "garbage", Method: "CurrentTime"})
	now("<<garbage>")
	c.arm(armedFault{Kind: "drop", Method: "CurrentTime"})
	if status, _ := c.call("CurrentTime", `<_this type="ServiceInstance">ServiceInstance</_this>`); status != 0 {
		t.Errorf("status %d of a dropped connection", status)
	}
	c.arm(armedFault{Kind: "restricted"})
	now("CurrentTimeResponse")
	c.must("ExportVm", thisVM, "RestrictedVersion")
	c.arm(armedFault{Kind: "no-permission", Method: "ExportVm"})
	c.must("ExportVm", thisVM, "<privilegeId>VApp.Export</privilegeId>")
	c.arm(armedFault{Kind: "expire-before", Method: "ExportVm"})
	c.must("ExportVm", thisVM, "NotAuthenticated")
}

func TestTransferFaults(t *testing.T) {
	c := start(t, nil)
	c.login()
	_, url := c.export()
	_, good, err := c.download(url)
	if err != nil {
		t.Fatal(err)
	}
	cut := int64(len(good)) - 700

	c.arm(armedFault{Kind: "short", VM: "off", AfterBytes: cut})
	if _, b, err := c.download(url); err != nil || int64(len(b)) != cut {
		t.Errorf("short: %d bytes, %v", len(b), err)
	}
	c.arm(armedFault{Kind: "empty"})
	if status, b, err := c.download(url); status != http.StatusOK || len(b) != 0 || err != nil {
		t.Errorf("empty: %d, %d bytes, %v", status, len(b), err)
	}
	c.arm(armedFault{Kind: "reset", AfterBytes: cut})
	if _, _, err := c.download(url); err == nil {
		t.Error("reset: no error")
	}
	c.arm(armedFault{Kind: "damage", AfterBytes: cut})
	_, b, _ := c.download(url)
	if len(b) != len(good) || b[cut] != good[cut]^0x10 || !bytes.Equal(b[:cut], good[:cut]) {
		t.Error("damage: not one bit")
	}
	c.arm(armedFault{Kind: "status", Status: 503})
	if status, _, _ := c.download(url); status != 503 {
		t.Errorf("status: %d", status)
	}
	if _, b, _ := c.download(url); !bytes.Equal(b, good) {
		t.Error("faults did not end")
	}
}

func TestManifestIsOfTheSentBytes(t *testing.T) {
	c := start(t, nil)
	c.login()
	lease, url := c.export()
	get := func() string { return c.must("HttpNfcLeaseGetManifest", thisLease(lease), "Response") }
	if strings.Contains(get(), "<returnval>") {
		t.Error("an entry before any transfer")
	}
	_, good, _ := c.download(url)
	file := filepath.Join(t.TempDir(), "good")
	if err := os.WriteFile(file, good, 0o644); err != nil {
		t.Fatal(err)
	}
	sums, _ := prefixSums(file, int64(len(good)))
	if text := get(); !strings.Contains(text, "<sha1>"+sums.sha1+"</sha1>") || !strings.Contains(text, "<populatedSize>196608<") {
		t.Error(text)
	}
	c.must("HttpNfcLeaseSetManifestChecksumType", thisLease(lease)+"<deviceUrlsToChecksumTypes><key>/12/ParaVirtualSCSIController0:0</key>"+
		"<value>sha256</value></deviceUrlsToChecksumTypes>", "InvalidState")
	c.arm(armedFault{Kind: "manifest-wrong"})
	if strings.Contains(get(), sums.sha1) {
		t.Error("the manifest did not lie")
	}
	c.arm(armedFault{Kind: "short", AfterBytes: 70000})
	_, _, _ = c.download(url)
	if !strings.Contains(get(), "<size>70000</size>") {
		t.Error("size of a cut transfer")
	}
}
