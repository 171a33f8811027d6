"""What a well-behaved ESXi host answers: just enough of the vSphere API to
list one VM, to export it and to import another (importing.py).  Text in, text out; nothing is checked.

The world is a flat dictionary; a scenario changes some of its values.  Values
whose name ends in "_xml" stand in the replies as they are, others escaped.
"""
import hashlib
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import importing
import vmdk

SIZE = 1 << 20

WORLD = {
    "api_type": "HostAgent",
    "product": "VMware ESXi 7.0.3 build-21686933",
    "vm_name": "vm",
    "power": "poweredOff",
    "uuid": "564d0001-0000-4000-8000-000000000001",
    "instance_uuid": "52de0001-0000-4000-8000-000000000001",
    "controller_type": "VirtualLsiLogicController",
    "disk_label": "Hard disk 1",
    "disk_key": "2000",
    "disk_mode": "persistent",
    "disk_file": "[ds] vm/vm.vmdk",
    "capacity_kb": str(SIZE >> 10),
    "capacity_bytes": str(SIZE),
    "committed": "1048576",
    "devices_xml": "",
    "snapshots_xml": "",       # others than ours
    "folders_xml": "",         # whole objects
    "vms_xml": "",             # whole objects beside the VM
    "parent_xml": "",          # of the VM: a reference
    "token": "",               # of the first page of every reply
    "free": "1099511627776",
    "task_state": "success",
    "recent_xml": "",
    "lease_state": "ready",
    "lease_timeout": "300",
    "lease_key": "/1/VirtualLsiLogicController0:0",
    "lease_url": "https://*/nfc/52d4f3b2-9c1e-ticket/disk-0.vmdk",
    "lease_print": "",
    "lease_target": "disk-0.vmdk",
    "lease_size": "0",
    "lease_more_xml": "",      # deviceUrl elements behind the disk's
    "manifest_size": "",       # "": the true ones
    "manifest_sha256": "",
    "manifest_more_xml": "",
    "descriptor": "",
    "descriptor_warnings_xml": "",
    "disk_capacity": SIZE,     # of the stream
    **importing.WORLD,
}


def ref(kind, moid, name="val"):
    return f'<{name} type="{kind}" xsi:type="ManagedObjectReference">' \
        f'{moid}</{name}>'


def typed(value, kind="xsd:string"):
    return f'<val xsi:type="{kind}">{escape(value)}</val>'


class Host(importing.Importing):
    """The state that the requests leave behind."""

    def __init__(self, world, port):
        super().__init__()
        self.w = {**WORLD, **world}
        self.port = port
        self.snapshot = ""
        self.disk = vmdk.stream(self.w["disk_capacity"])

    def text(self, name):
        return escape(self.w[name])

    def versions(self):
        return '<?xml version="1.0"?><namespaces version="1.0"><namespace>' \
            '<name>urn:vim25</name><version>7.0.3.0</version>' \
            '<priorVersions><version>7.0.0.0</version>' \
            '<version>6.7</version></priorVersions></namespace></namespaces>'

    def answer(self, method, body):
        """The reply's inner XML, or None for a method that is not known."""
        handler = getattr(self, "do_" + method.replace("_Task", ""), None)
        return None if handler is None else handler(body)

    def do_RetrieveServiceContent(self, _):
        managers = [("rootFolder", "Folder", "ha-folder-root"),
                    ("propertyCollector", "PropertyCollector", "pc"),
                    ("viewManager", "ViewManager", "views"),
                    ("sessionManager", "SessionManager", "sessions"),
                    ("searchIndex", "SearchIndex", "search"),
                    ("ovfManager", "OvfManager", "ovf")]
        return "<returnval>" + "".join(
            f'<{name} type="{kind}">{moid}</{name}>'
            for name, kind, moid in managers) + \
            f"<about><fullName>{self.text('product')}</fullName>" \
            f"<apiVersion>7.0.3.0</apiVersion>" \
            f"<apiType>{self.text('api_type')}</apiType></about></returnval>"

    def do_Login(self, _):
        return "<returnval><key>k</key><userName>root</userName></returnval>"

    def do_Logout(self, _):
        return ""

    do_DestroyView = do_HttpNfcLeaseProgress = do_Logout
    do_HttpNfcLeaseComplete = do_HttpNfcLeaseAbort = do_Logout
    do_HttpNfcLeaseSetManifestChecksumType = do_Logout

    def do_CurrentTime(self, _):
        return "<returnval>2026-01-01T00:00:00Z</returnval>"

    def do_CreateContainerView(self, _):
        return '<returnval type="ContainerView">view</returnval>'

    # --- properties ---------------------------------------------------------

    def do_RetrievePropertiesEx(self, body):
        spec = body.find("{*}specSet")
        kinds = [p.findtext("{*}type") for p in spec.findall("{*}propSet")]
        if kinds[0] in ("Datacenter", "HostSystem", "ComputeResource"):
            return "<returnval>" + self.place_objects({
                p.findtext("{*}type"): [t.text for t in p.iter(
                    "{urn:vim25}pathSet")]
                for p in spec.findall("{*}propSet")}) + "</returnval>"
        wanted = [p.text for p in spec.iter("{urn:vim25}pathSet")]
        refs = [(o.get("type"), o.text) for o in spec.iter("{urn:vim25}obj")]
        if refs[0][0] == "ContainerView":
            refs = [("VirtualMachine", "1")] if "VirtualMachine" in kinds \
                else [("Folder", "f")]
        objects = "".join(self.object(kind, moid, wanted)
                          for kind, moid in refs)
        token = f"<token>{self.text('token')}</token>" \
            if self.w["token"] else ""
        return f"<returnval>{token}{objects}</returnval>"

    do_ContinueRetrievePropertiesEx = None

    def object(self, kind, moid, wanted):
        more = ""
        if kind == "VirtualMachine" and "parent" in wanted:
            more = self.w["vms_xml"]
        if kind == "Folder":
            return self.w["folders_xml"]
        props = getattr(self, "props_" + kind)()
        return f'<objects><obj type="{kind}">{escape(moid)}</obj>' + "".join(
            f"<propSet><name>{name}</name>{props[name]}</propSet>"
            for name in wanted if props.get(name)) + "</objects>" + more

    def props_VirtualMachine(self):
        tree = self.w["snapshots_xml"] + self.snapshot
        return {
            "name": typed(self.w["vm_name"]),
            "parent": self.w["parent_xml"] or ref("Folder", "f"),
            "config.uuid": typed(self.w["uuid"]),
            "config.instanceUuid": typed(self.w["instance_uuid"]),
            "config.version": typed("vmx-19"),
            "config.guestFullName": typed("Debian GNU/Linux 12 (64-bit)"),
            "config.firmware": typed("bios"),
            "config.template": typed("false", "xsd:boolean"),
            "config.hardware.device": self.devices(),
            "runtime.powerState": typed(self.w["power"]),
            "runtime.connectionState": typed("connected"),
            "runtime.consolidationNeeded": typed("false", "xsd:boolean"),
            "guest.toolsRunningStatus": typed("guestToolsNotRunning"),
            "summary.storage": '<val><committed>'
            f'{self.text("committed")}</committed></val>',
            "snapshot": f"<val>{tree}</val>" if tree else "",
            "datastore": '<val xsi:type="ArrayOfManagedObjectReference">'
            + ref("Datastore", "ds", "ManagedObjectReference") + "</val>",
            "recentTask": self.w["recent_xml"],
        }

    def devices(self):
        text = self.text
        return '<val xsi:type="ArrayOfVirtualDevice">' \
            f'<VirtualDevice xsi:type="{text("controller_type")}">' \
            "<key>1000</key><busNumber>0</busNumber></VirtualDevice>" \
            '<VirtualDevice xsi:type="VirtualDisk">' \
            f'<key>{text("disk_key")}</key><deviceInfo>' \
            f'<label>{text("disk_label")}</label></deviceInfo>' \
            '<backing xsi:type="VirtualDiskFlatVer2BackingInfo">' \
            f'<fileName>{text("disk_file")}</fileName>' \
            f'<diskMode>{text("disk_mode")}</diskMode></backing>' \
            "<controllerKey>1000</controllerKey><unitNumber>0</unitNumber>" \
            f'<capacityInKB>{text("capacity_kb")}</capacityInKB>' \
            f'<capacityInBytes>{text("capacity_bytes")}</capacityInBytes>' \
            f'</VirtualDevice>{self.w["devices_xml"]}</val>'

    def props_VirtualMachineSnapshot(self):
        return {"config.hardware.device": self.devices()}

    def props_Datastore(self):
        return {"summary": "<val><name>ds</name><accessible>true</accessible>"
                f"<capacity>1099511627776</capacity>"
                f"<freeSpace>{self.text('free')}</freeSpace></val>"}

    def props_OvfManager(self):
        return {"ovfExportOption": "<val/>"}

    def props_Task(self):
        result = ref("VirtualMachineSnapshot", "snapshot-1", "result") \
            if self.snapshot else ""
        return {"info": f"<val><state>{self.text('task_state')}</state>"
                f"{result}</val>"}

    # --- snapshot -----------------------------------------------------------

    def do_CreateSnapshot(self, body):
        name = escape(body.findtext("{*}name"))
        text = escape(body.findtext("{*}description"))
        self.snapshot = "<rootSnapshotList>" \
            '<snapshot type="VirtualMachineSnapshot">snapshot-1</snapshot>' \
            f"<name>{name}</name><description>{text}</description>" \
            "<createTime>2026-01-01T00:00:00Z</createTime>" \
            "<quiesced>false</quiesced></rootSnapshotList>"
        return '<returnval type="Task">task-1</returnval>'

    def do_RemoveSnapshot(self, _):
        self.snapshot = ""
        return '<returnval type="Task">task-2</returnval>'

    # --- lease --------------------------------------------------------------

    def do_ExportSnapshot(self, _):
        return '<returnval type="HttpNfcLease">lease-1</returnval>'

    do_ExportVm = do_ExportSnapshot

    def props_HttpNfcLease(self):
        w = self.w
        url = w["lease_url"].replace("PORT", str(self.port))
        entity = ref("VirtualMachine", "1", "entity")
        return {
            "state": typed(w["lease_state"], "HttpNfcLeaseState"),
            "initializeProgress": typed("100"),
            "info": f"<val>{entity}"
            f"<leaseTimeout>{self.text('lease_timeout')}</leaseTimeout>"
            f"<deviceUrl><key>{self.text('lease_key')}</key>"
            f"{self.import_info()}<url>{escape(url)}</url><sslThumbprint>"
            f"{self.text('lease_print')}</sslThumbprint><disk>true</disk>"
            f"<targetId>{self.text('lease_target')}</targetId>"
            f"<fileSize>{self.text('lease_size')}</fileSize></deviceUrl>"
            f"{w['lease_more_xml']}</val>"}

    def do_HttpNfcLeaseGetManifest(self, _):
        moved = self.received if self.importing else self.disk
        digest = hashlib.sha256(moved).hexdigest()
        return f"<returnval><key>{self.text('lease_key')}</key>" \
            f"<size>{self.text('manifest_size') or len(moved)}</size>" \
            "<checksumType>sha256</checksumType><checksum>" \
            f"{self.text('manifest_sha256') or digest}</checksum>" \
            f"</returnval>{self.w['manifest_more_xml']}"

    def do_CreateDescriptor(self, body):
        text = self.w["descriptor"] or self.descriptor(body)
        return f"<returnval><ovfDescriptor>{escape(text)}</ovfDescriptor>" \
            f"{self.w['descriptor_warnings_xml']}</returnval>"

    def descriptor(self, body):
        files = disks = ""
        for i, f in enumerate(body.iter("{urn:vim25}ovfFiles")):
            files += f'<File ovf:id="f{i}" ovf:href=' \
                f'{quoteattr(f.findtext("{*}path"))} ' \
                f'ovf:size="{f.findtext("{*}size")}"/>'
            if f.findtext("{*}capacity"):
                disks += f'<Disk ovf:diskId="d{i}" ovf:fileRef="f{i}" ' \
                    f'ovf:capacity="{f.findtext("{*}capacity")}"/>'
        space = "http://schemas.dmtf.org/ovf/envelope/1"
        return f'<?xml version="1.0"?><Envelope xmlns="{space}" ' \
            f'xmlns:ovf="{space}"><References>{files}</References>' \
            f'<DiskSection>{disks}</DiskSection>' \
            '<VirtualSystem ovf:id="vm"/></Envelope>'


ENVELOPE = ('<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope'
            ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            '<soapenv:Body>', '</soapenv:Body></soapenv:Envelope>')


def wrap(method):
    """What stands in front of and behind the inner XML of a reply."""
    return (f'{ENVELOPE[0]}<{method}Response xmlns="urn:vim25">',
            f'</{method}Response>{ENVELOPE[1]}')


def parse(request):
    """The method's element of a request."""
    return ElementTree.fromstring(request).find("{*}Body")[0]


def kind_of(element):
    """What a request is about: the type of its first property set."""
    return element.findtext(".//{*}propSet/{*}type") or ""
