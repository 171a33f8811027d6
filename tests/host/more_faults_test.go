package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const this13 = `<_this type="VirtualMachine">13</_this>`

// snapshot takes one of the running VM and waits for it.
func (c *client) snapshot() (this string) {
	c.t.Helper()
	task := inside(c.must("CreateSnapshot_Task", this13+"<name>s</name><memory>false</memory><quiesce>false</quiesce>", "Response"), "returnval")
	c.await("Task", task, "info", "<state>success</state>")
	return `<_this type="VirtualMachineSnapshot">` + inside(c.get("VirtualMachine", "13", "snapshot"), "currentSnapshot") + "</_this>"
}

func (c *client) task(method, inner, want string) string {
	c.t.Helper()
	task := inside(c.must(method, inner, "Response"), "returnval")
	return c.await("Task", task, "info", want)
}

func TestTaskFaults(t *testing.T) {
	c := start(t, nil)
	c.login()
	create := this13 + "<name>s</name><memory>false</memory><quiesce>false</quiesce>"
	c.arm(armedFault{Kind: "task-error", Method: "CreateSnapshot_Task", Type: "ApplicationQuiesceFault", Message: "no"})
	c.task("CreateSnapshot_Task", create, `<fault xsi:type="ApplicationQuiesceFault">`)
	if strings.Contains(c.get("VirtualMachine", "13", "snapshot"), "rootSnapshotList") {
		t.Error("a failed task made a snapshot")
	}
	c.arm(armedFault{Kind: "task-stuck"})
	task := inside(c.must("CreateSnapshot_Task", create, "Response"), "returnval")
	c.await("Task", task, "info", "<progress>95</progress>")
	c.must("CreateSnapshot_Task", create, "TaskInProgress")
	c.must("CancelTask", `<_this type="Task">`+task+"</_this>", "Response")
	c.await("Task", task, "info", "RequestCanceled")
}

func TestRemovalFaults(t *testing.T) {
	c := start(t, nil)
	c.login()
	remove := c.snapshot() + "<removeChildren>false</removeChildren>"
	c.arm(armedFault{Kind: "snapshot-remove-error"})
	c.task("RemoveSnapshot_Task", remove, "FileLocked")
	c.arm(armedFault{Kind: "consolidation-needed"})
	c.task("RemoveSnapshot_Task", remove, "<state>success</state>")
	if !strings.Contains(c.get("VirtualMachine", "13", "runtime.consolidationNeeded"), ">true<") {
		t.Error("nothing to consolidate")
	}
	if !strings.Contains(c.get("VirtualMachine", "13", "config.hardware.device"), "on-000001.vmdk") {
		t.Error("no delta file left")
	}
	c.task("ConsolidateVMDisks_Task", this13, "<state>success</state>")
	if strings.Contains(c.get("VirtualMachine", "13", "config.hardware.device"), "-000001.vmdk") {
		t.Error("the delta file is still there")
	}
}

func TestLeaseFaults(t *testing.T) {
	c := start(t, nil)
	c.login()
	c.arm(armedFault{Kind: "lease-error", VM: "off", Message: "no such file"})
	lease := inside(c.must("ExportVm", thisVM, "Response"), "returnval")
	c.await("HttpNfcLease", lease, "state", ">error<")
	c.await("HttpNfcLease", lease, "error", "<localizedMessage>no such file<")
	c.arm(armedFault{Kind: "lease-never-ready"})
	lease = inside(c.must("ExportVm", thisVM, "Response"), "returnval")
	c.await("HttpNfcLease", lease, "initializeProgress", ">90<")
	c.must("HttpNfcLeaseComplete", thisLease(lease), "InvalidState")
	c.must("HttpNfcLeaseAbort", thisLease(lease), "Response")
	lease, url := c.export()
	c.arm(armedFault{Kind: "stall", AfterBytes: 5000, MS: 60000})
	done := make(chan int)
	go func() {
		_, b, _ := c.download(url)
		done <- len(b)
	}()
	time.Sleep(100 * time.Millisecond)
	c.must("HttpNfcLeaseAbort", thisLease(lease), "Response")
	select {
	case n := <-done:
		if n != 5000 {
			t.Errorf("%d bytes before the stall", n)
		}
	case <-time.After(5 * time.Second):
		t.Error("the end of the lease did not end the transfer")
	}
}

func TestDescriptorFaults(t *testing.T) {
	c := start(t, nil)
	c.login()
	create := func(files, want string) {
		t.Helper()
		c.must("CreateDescriptor", `<_this type="OvfManager">ha-ovf-manager</_this><obj type="VirtualMachine">12</obj><cdp>`+files+"</cdp>", want)
	}
	create("<name>dry</name>", "&lt;References/&gt;")
	file := "<ovfFiles><deviceId>/12/ParaVirtualSCSIController0:0</deviceId><path>a.vmdk</path><size>77</size></ovfFiles>"
	create(file, "<error><fault")
	c.export()
	create(file, "ovf:size=&#34;77&#34;")
	create(strings.Replace(file, "0:0", "9:9", 1), "<error><fault")
	c.arm(armedFault{Kind: "create-descriptor-warning", Message: "careful"})
	create(file, "<warning><fault")
	c.arm(armedFault{Kind: "create-descriptor-error"})
	create(file, "OvfUnsupportedDeviceExport")
}

func TestVCenterNamesTheHostBehind(t *testing.T) {
	c := start(t, func(cfg *config) { cfg.vcenter = true })
	c.must("Login", `<_this type="SessionManager">SessionManager</_this><userName>root</userName><password>pw</password>`, "LoginResponse")
	get := func(id, path string) string {
		t.Helper()
		return c.must("RetrievePropertiesEx", `<_this type="PropertyCollector">propertyCollector</_this><specSet><propSet><type>HttpNfcLease</type>`+
			"<pathSet>"+path+`</pathSet></propSet><objectSet><obj type="HttpNfcLease">`+id+"</obj></objectSet></specSet><options/>", "Response")
	}
	c.arm(armedFault{Kind: "thumbprint-wrong"})
	for _, right := range []bool{false, true} {
		lease := inside(c.must("ExportVm", `<_this type="VirtualMachine">vm-12</_this>`, "Response"), "returnval")
		for !strings.Contains(get(lease, "state"), ">ready<") {
			time.Sleep(5 * time.Millisecond)
		}
		info := get(lease, "info")
		if (inside(info, "sslThumbprint") == c.h.nfcCert.sha1()) != right {
			t.Errorf("thumbprint right: not %v", right)
		}
		url := inside(info, "url")
		want := fmt.Sprintf("https://%s:%d/nfc/", nfcHostName, port(c.h.nfc))
		if !strings.HasPrefix(url, want) {
			t.Errorf("url %s", url)
		}
		status, _, _ := c.download(strings.Replace(url, nfcHostName, "127.0.0.1", 1))
		if status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		c.must("HttpNfcLeaseComplete", thisLease(lease), "Response")
	}
	res, err := c.http.Post(fmt.Sprintf("https://127.0.0.1:%d/sdk", port(c.h.nfc)), "text/xml", strings.NewReader(""))
	if err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("the host behind takes API calls: %v, %v", res, err)
	}
}

func TestPagesAndUpdates(t *testing.T) {
	c := start(t, func(cfg *config) { cfg.pageSize = 1 })
	c.login()
	spec := propVM + `<objectSet><obj type="Folder">ha-folder-vm</obj><skip>true</skip><selectSet xsi:type="TraversalSpec">` +
		"<type>Folder</type><path>childEntity</path></selectSet></objectSet>"
	text := c.must("RetrievePropertiesEx", thisPC+"<specSet>"+spec+"</specSet><options></options>", "<token>")
	token := inside(text, "token")
	next := thisPC + "<token>" + token + "</token>"
	if text = c.must("ContinueRetrievePropertiesEx", next, ">on<"); strings.Contains(text, "<token>") {
		t.Error("a token on the last page")
	}
	c.must("ContinueRetrievePropertiesEx", next, "InvalidProperty")

	c.must("CreateFilter", thisPC+"<spec>"+spec+"</spec><partialUpdates>false</partialUpdates>", "Response")
	text = c.must("WaitForUpdatesEx", thisPC+"<version></version>", "<truncated>true</truncated>")
	wait := func(want string) {
		t.Helper()
		text = c.must("WaitForUpdatesEx", thisPC+"<version>"+inside(text, "version")+
			"</version><options><maxWaitSeconds>1</maxWaitSeconds></options>", want)
	}
	wait(">on<")
	version := inside(text, "version")
	c.h.mu.Lock()
	c.h.vms[0].mo.Name = "renamed"
	c.h.mu.Unlock()
	wait("<kind>modify</kind>")
	c.must("WaitForUpdatesEx", thisPC+"<version>"+version+"</version>", "InvalidCollectorVersion")
	wait(`<WaitForUpdatesExResponse xmlns="urn:vim25"></WaitForUpdatesExResponse>`)
}

func TestExpiredSessionMayAnswerNothing(t *testing.T) {
	c := start(t, nil)
	c.login()
	c.arm(armedFault{Kind: "expired-empty"})
	c.h.mu.Lock()
	c.h.expireAll("test")
	c.h.mu.Unlock()
	if text := c.get("VirtualMachine", "12", "name"); strings.Contains(text, "returnval") {
		t.Error(text)
	}
	c.must("RetrievePropertiesEx", thisPC+"<specSet>"+propVM+`<objectSet><obj type="VirtualMachine">12</obj></objectSet></specSet><options/>`, "NotAuthenticated")
}
