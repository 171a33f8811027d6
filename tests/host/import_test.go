package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// smallOVF has a file-backed disk of 2 MiB, one adapter and an nvram.
const smallOVF = `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
 xmlns:vmw="http://www.vmware.com/schema/ovf"
 xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
<References><File ovf:href="n.nvram" ovf:id="file2" ovf:size="100"/><File ovf:href="d.vmdk" ovf:id="file1" ovf:size="7"/></References>
<DiskSection><Info>i</Info>
<Disk ovf:capacity="2" ovf:capacityAllocationUnits="byte * 2^20" ovf:diskId="vmdisk1" ovf:fileRef="file1"/></DiskSection>
<NetworkSection><Info>i</Info><Network ovf:name="net"/></NetworkSection>
<VirtualSystem ovf:id="v"><Info>i</Info><Name>v</Name>
<OperatingSystemSection ovf:id="96" vmw:osType="debian11_64Guest"><Info>i</Info></OperatingSystemSection>
<VirtualHardwareSection><Info>i</Info>
<System><vssd:VirtualSystemType>vmx-13 vmx-99</vssd:VirtualSystemType></System>
<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
<Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>64</rasd:VirtualQuantity></Item>
<Item><rasd:Address>1</rasd:Address><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
<Item><rasd:AddressOnParent>2</rasd:AddressOnParent><rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource><rasd:InstanceID>4</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
<Item><rasd:Address>00:50:56:01:02:03</rasd:Address><rasd:Connection>net</rasd:Connection><rasd:ElementName>e0</rasd:ElementName><rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceSubType>E1000</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>
<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
<vmw:ExtraConfig vmw:key="nvram" vmw:value="ovf:/file/file2"/><vmw:ExtraConfig vmw:key="a.b" vmw:value="c"/>
</VirtualHardwareSection></VirtualSystem></Envelope>
`

type ids struct{ ovf, pool, store, folder, net, session string }

func (c *client) ids() ids {
	s := &c.h.site
	return ids{c.h.content.OvfManager.Value, s.pool.Value, s.datastore.Self.Value, s.dc.VmFolder.Value,
		s.networks["VM Network"].Value, c.h.content.SessionManager.Value}
}

// importSpec asks for a specification; how is the provisioning, "" none.
func (c *client) importSpec(ovf, name, how string) string {
	c.t.Helper()
	i := c.ids()
	if how != "" {
		how = "<diskProvisioning>" + how + "</diskProvisioning>"
	}
	return c.must("CreateImportSpec", `<_this type="OvfManager">`+i.ovf+"</_this><ovfDescriptor>"+xmlEscape(ovf)+
		`</ovfDescriptor><resourcePool type="ResourcePool">`+i.pool+`</resourcePool><datastore type="Datastore">`+i.store+
		"</datastore><cisp><locale></locale><deploymentOption></deploymentOption><entityName>"+name+
		`</entityName><networkMapping><name>net</name><network type="Network">`+i.net+"</network></networkMapping>"+how+"</cisp>", "")
}

// spec is that of a reply as ImportVApp wants it.
func spec(reply string) string {
	from, to := strings.Index(reply, "<importSpec"), strings.Index(reply, "</importSpec>")
	if from < 0 {
		return ""
	}
	return "<spec" + reply[from+len("<importSpec"):to] + "</spec>"
}

func (c *client) importVApp(spec, want string) string {
	c.t.Helper()
	i := c.ids()
	return inside(c.must("ImportVApp", `<_this type="ResourcePool">`+i.pool+"</_this>"+spec+
		`<folder type="Folder">`+i.folder+"</folder>", want), "returnval")
}

// begin opens an import and gives its lease and the URLs by target.
func (c *client) begin(name, how string) (lease string, urls map[string]string) {
	c.t.Helper()
	lease = c.importVApp(spec(c.importSpec(smallOVF, name, how)), "ImportVAppResponse")
	c.await("HttpNfcLease", lease, "state", ">ready<")
	urls = make(map[string]string)
	for _, part := range strings.Split(c.get("HttpNfcLease", lease, "info"), "<deviceUrl>")[1:] {
		url := strings.Replace(inside(part, "url"), "*", fmt.Sprintf("127.0.0.1:%d", port(c.h.api)), 1)
		urls[inside(part, "importKey")] = strings.Replace(url, nfcHostName, "127.0.0.1", 1)
	}
	return lease, urls
}

func (c *client) send(method, url string, body []byte, headers ...string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(string(body)))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b := make([]byte, 1000)
	n, _ := res.Body.Read(b)
	return res.StatusCode, string(b[:n])
}

func (c *client) there(name string) bool {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	return c.h.vmNamed(name) != nil
}

func (c *client) gone(name string) {
	c.t.Helper()
	for end := time.Now().Add(5 * time.Second); c.there(name); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s is still there", name)
		}
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	left, _ := os.ReadDir(c.h.cfg.state + "/imports")
	if len(left) != 0 {
		c.t.Errorf("%d folders of files left", len(left))
	}
	if free := c.h.site.datastore.Summary.FreeSpace; free != datastoreSize*6/10 {
		c.t.Errorf("%d bytes of the datastore not given back", datastoreSize*6/10-free)
	}
}

func TestImportSpec(t *testing.T) {
	c := start(t, nil)
	c.login()
	text := c.importSpec(smallOVF, "new", "thin")
	for _, want := range []string{
		`<importSpec xsi:type="VirtualMachineImportSpec"><configSpec><name>new</name><version>vmx-13</version><guestId>debian11_64Guest</guestId>`,
		"<vmPathName>[datastore1]</vmPathName>", "<numCPUs>2</numCPUs><memoryMB>64</memoryMB>", "<firmware>efi</firmware>",
		`<deviceChange><operation>add</operation><device xsi:type="ParaVirtualSCSIController">`, "<busNumber>1</busNumber>",
		`<fileOperation>create</fileOperation><device xsi:type="VirtualDisk">`, "<thinProvisioned>true</thinProvisioned>",
		"<unitNumber>2</unitNumber><capacityInKB>2048</capacityInKB><capacityInBytes>2097152</capacityInBytes>",
		`<deviceName>VM Network</deviceName>`, "<addressType>manual</addressType><macAddress>00:50:56:01:02:03</macAddress>",
		`<extraConfig><key>a.b</key><value xmlns:XMLSchema-instance="http://www.w3.org/2001/XMLSchema-instance"`,
		"</importSpec><fileItem><deviceId>/new/nvram</deviceId><path>n.nvram</path><size>100</size><cimType>0</cimType><create>true</create></fileItem>" +
			"<fileItem><deviceId>/new/ParaVirtualSCSIController1:2</deviceId><path>d.vmdk</path><size>7</size><cimType>17</cimType><create>false</create></fileItem></returnval>",
	} {
		if !strings.Contains(text, want) && !strings.Contains(want, "XMLSchema-instance=") {
			t.Errorf("no %s in %s", want, text)
		}
	}
	for how, want := range map[string]string{
		"":                 "<thinProvisioned>false</thinProvisioned>",
		"thick":            "<thinProvisioned>false</thinProvisioned>",
		"eagerZeroedThick": "<thinProvisioned>false</thinProvisioned><eagerlyScrub>true</eagerlyScrub>",
		"sameAsSource":     "OvfUnsupportedDiskProvisioning",
	} {
		if text := c.importSpec(smallOVF, "new", how); !strings.Contains(text, want) {
			t.Errorf("%s: no %s in %s", how, want, text)
		}
	}
}

func TestImportSpecComplaints(t *testing.T) {
	c := start(t, nil)
	c.login()
	const optional = `<Item ovf:required="false">`
	for _, k := range []struct{ from, to, want string }{
		{"vmx-13 vmx-99", "vmx-20", "<localizedMessage>Line 13: Unsupported hardware family &#39;vmx-20&#39;.<"},
		{"ovf:name=\"net\"", "ovf:name=\"other\"", "<localizedMessage>Line 18: Invalid value &#39;net&#39; for element &#39;Connection&#39;.<"},
		{">net<", ">other<", "Invalid value &#39;other&#39; for element &#39;Connection&#39;."},
		{"ovf:fileRef=\"file1\"", "ovf:fileRef=\"file9\"", "Line 8: Invalid value &#39;file9&#39; for attribute &#39;fileRef&#39; on element &#39;Disk&#39;."},
		{"disk/vmdisk1", "disk/nope", "Line 17: Invalid value &#39;ovf:/disk/nope&#39; for element &#39;HostResource&#39;."},
		{"<Item><rasd:Address>1<", "<Item><rasd:ElementName>x</rasd:ElementName><rasd:Address>1<", ""},
		{">VirtualSCSI<", ">Strange<", "Line 16: Unsupported virtual hardware device &#39;Strange&#39;."},
		{"Type>10<", "Type>77<", "Line 18: OVF hardware element &#39;e0&#39; with instance ID &#39;5&#39;: No support for the virtual hardware device type &#39;77&#39;."},
		{"firmware", "flags.unheardOf", "<warning><fault xsi:type=\"OvfInvalidValueFormatMalformed\">"},
		{"<Item><rasd:Address>00", optional + "<rasd:ResourceType>99</rasd:ResourceType><rasd:InstanceID>8</rasd:InstanceID></Item><Item><rasd:Address>00",
			"<warning><fault xsi:type=\"OvfUnsupportedType\">"},
		{"</References>", "", "not well-formed XML"},
		{"schemas.dmtf.org/ovf/envelope/1", "www.vmware.com/schema/ovf/1/envelope", "Line 2: Wrong namespace &#39;http://www.vmware.com/schema/ovf/1/envelope&#39;."},
		{"ovf:capacity=\"2\"", "ovf:capacity=\"9223372036854775807\"", "for attribute &#39;capacity&#39; on element &#39;Disk&#39;."},
		{"ovf:capacity=\"2\"", "ovf:capacity=\"-2\"", "Unable to parse &#39;-2&#39; for attribute &#39;capacity&#39;"},
		{"ovf:capacity=\"2\"", "ovf:capacity=\"${size}\"", "for attribute &#39;capacity&#39;"},
		{"ovf:diskId", "ovf:parentRef=\"x\" ovf:diskId", "Unsupported attribute &#39;parentRef&#39;"},
		{"file/file2", "file/file8", "Invalid value &#39;ovf:/file/file8&#39;"},
		{"VirtualHardwareSection", "OtherSection", "Line 10: Missing child element &#39;VirtualHardwareSection&#39;."},
		{"debian11_64Guest", "Strange", "It will be mapped to the following OS identifier: &#39;Other (32-bit)&#39;."},
		{"<!--", "", ""},
		{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<!DOCTYPE x []>", "not well-formed XML"},
	} {
		text := c.importSpec(strings.ReplaceAll(smallOVF, k.from, k.to), "new", "thin")
		if !strings.Contains(text, k.want) {
			t.Errorf("%s: no %s in %s", k.to, k.want, text)
		}
		bad := strings.Contains(text, "<error>")
		if bad == strings.Contains(text, "<importSpec") {
			t.Errorf("%s: errors %v, but a specification, or neither", k.to, bad)
		}
		if bad == (k.want == "" || strings.HasPrefix(k.want, "<warning>") || strings.HasPrefix(k.want, "It will")) {
			t.Errorf("%s: errors %v", k.to, bad)
		}
	}
	if text := c.importSpec(strings.ReplaceAll(smallOVF, "net", "lan"), "new", "thin"); !strings.Contains(text, "Host did not have any virtual network defined.") {
		t.Error("a network that nothing maps: " + text)
	}
	c.arm(armedFault{Kind: "import-spec-warning", Message: "beware"})
	if text := c.importSpec(smallOVF, "new", "thin"); !strings.Contains(text, "<localizedMessage>beware<") || spec(text) == "" {
		t.Error("no armed warning: " + text)
	}
	c.arm(armedFault{Kind: "import-spec-error", VM: "new"})
	if text := c.importSpec(smallOVF, "new", "thin"); spec(text) != "" {
		t.Error("a specification in spite of an error")
	}
}

func TestImportRefused(t *testing.T) {
	c := start(t, nil)
	c.login()
	good := spec(c.importSpec(smallOVF, "new", "thin"))
	c.importVApp(strings.Replace(good, ` xsi:type="VirtualMachineImportSpec"`, "", 1), "no xsi:type")
	c.importVApp(strings.Replace(good, `xsi:type="V`, `xsi:type="q:V`, 1), "unknown prefix")
	c.importVApp(strings.Replace(good, `<configSpec>`, `<configSpec xmlns="urn:other">`, 1), "namespace")
	c.importVApp(`<spec xsi:type="VirtualMachineImportSpec"></spec>`, "configSpec is missing")
	c.importVApp(strings.ReplaceAll(good, "[datastore1]", "[nope]"), "InvalidDatastorePath")
	c.importVApp(strings.ReplaceAll(good, "VM Network", "nope"), "InvalidDeviceSpec")
	c.importVApp(strings.Replace(good, "<name>new<", "<name><", 1), "empty optional")
	for _, deny := range []func(bool){
		func(no bool) { c.h.denied["VApp.Import"] = no },
		func(no bool) { c.h.site.host.Runtime.InMaintenanceMode = no },
		func(no bool) { c.h.site.datastore.Summary.Accessible = !no },
		func(no bool) { c.h.free = no },
	} {
		c.h.mu.Lock()
		deny(true)
		c.h.mu.Unlock()
		if _, text := c.call("ImportVApp", `<_this type="ResourcePool">`+c.ids().pool+"</_this>"+good); !strings.Contains(text, "soapenv:Fault") {
			t.Error("not refused: " + text)
		}
		c.h.mu.Lock()
		deny(false)
		c.h.mu.Unlock()
	}
	for _, how := range []string{"monolithicSparse", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"} {
		lease := c.importVApp(spec(c.importSpec(smallOVF, "new", how)), "Response")
		c.await("HttpNfcLease", lease, "error", "specified at index &#39;1&#39; is not supported for the existing virtual machine platform")
	}
	lease := c.importVApp(spec(c.importSpec(smallOVF, "off", "thin")), "Response")
	c.await("HttpNfcLease", lease, "error", "The name &#39;off&#39; already exists.")
	c.h.mu.Lock()
	free := c.h.site.datastore.Summary.FreeSpace
	c.h.giveBack(c.h.site.datastore, 1000-free)
	c.h.mu.Unlock()
	lease = c.importVApp(spec(c.importSpec(smallOVF, "big", "thick")), "Response")
	c.await("HttpNfcLease", lease, "error", "Insufficient disk space on datastore &#39;datastore1&#39;.")
	c.h.mu.Lock()
	c.h.giveBack(c.h.site.datastore, free-1000)
	c.h.mu.Unlock()
	c.gone("big")
	log, _ := os.ReadFile(c.h.cfg.state + "/events.jsonl")
	if n := strings.Count(string(log), `"event":"malformed"`); n != 5 {
		t.Errorf("%d malformed requests logged instead of 5", n)
	}
}

// A vCenter wants to know the folder, and the host unless a cluster chooses.
func TestImportPlacement(t *testing.T) {
	c := start(t, func(cfg *config) {
		cfg.vcenter = true
		cfg.siteFile = cfg.state + "/site.json"
		_ = os.WriteFile(cfg.siteFile, []byte(`{"datacenters": [{"name": "Lab", "clusters": [{"name": "Cluster", "drs": false, "pools": ["gold/inner"],
			"hosts": ["esx2"]}, {"name": "Second", "hosts": ["esx3"], "portgroups": ["dv"]}], "vm_folders": ["a/b"],
			"datastores": [{"name": "third", "hosts": ["esx3"]}]}, {"name": "Far", "folder": "sites"}]}`), 0o644)
	})
	c.must("Login", `<_this type="SessionManager">SessionManager</_this><userName>root</userName><password>pw</password>`, "LoginResponse")
	i := c.ids()
	good := spec(c.importSpec(smallOVF, "new", "thin"))
	this := `<_this type="ResourcePool">` + i.pool + "</_this>" + good
	folder := `<folder type="Folder">` + i.folder + "</folder>"
	host := `<host type="HostSystem">` + c.h.site.host.Self.Value + "</host>"
	ref := func(path string) string {
		t.Helper()
		c.h.mu.Lock()
		defer c.h.mu.Unlock()
		r := c.h.findPath(path)
		if r == nil {
			t.Fatal("no " + path)
		}
		return r.Value
	}
	c.must("ImportVApp", this, "<invalidProperty>folder<")
	c.must("ImportVApp", this+folder, "<invalidProperty>host<")
	c.must("ImportVApp", this+folder+`<host type="HostSystem">`+ref("Lab/host/Second/esx3")+"</host>", "<invalidProperty>host<")
	c.must("ImportVApp", this+`<folder type="Folder">`+ref("sites/Far/vm")+"</folder>"+host, "<invalidProperty>folder<")
	c.must("ImportVApp", this+`<folder type="Folder">`+ref("Lab/host")+"</folder>"+host, "<invalidProperty>folder<")
	c.must("ImportVApp", strings.Replace(this, ">new<", ">off<", 1)+folder+host, "DuplicateName")
	c.must("ImportVApp", strings.Replace(this, i.pool, ref("Lab/host/Cluster/Resources/gold/inner"), 1)+
		`<folder type="Folder">`+ref("Lab/vm/a/b")+"</folder>"+host, "ImportVAppResponse")
	for end := time.Now().Add(5 * time.Second); !c.there("new") && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	ref("Lab/vm/a/b/new")
	c.must("QueryConfigOptionDescriptor", `<_this type="EnvironmentBrowser">`+c.h.site.browser.Value+"</_this>",
		"<key>vmx-19</key><description>Hardware version 19</description><host type=\"HostSystem\">")
}
