"""What a well-behaved ESXi host answers when a VM is imported: one host, one
datastore, one network.  See vsphere.py, whose values these are, too.
"""
from xml.sax.saxutils import escape

WORLD = {
    "import_items_xml": "",    # "": what the descriptor wants
    "import_errors_xml": "",
    "import_warnings_xml": "",
    "import_spec_xml": '<importSpec xsi:type="VirtualMachineImportSpec">'
    "<configSpec><name>copy</name></configSpec></importSpec>",
    "import_key": "/copy/VirtualLsiLogicController0:0",
    "free_space": "1099511627776",
}


def typed(value, kind="xsd:string"):
    return f'<val xsi:type="{kind}">{escape(value)}</val>'


def ref(kind, moid):
    return f'<val type="{kind}" xsi:type="ManagedObjectReference">{moid}</val>'


def refs(kind, moid):
    return '<val xsi:type="ArrayOfManagedObjectReference">' \
        f'<ManagedObjectReference type="{kind}">{moid}' \
        "</ManagedObjectReference></val>"


def item(key, path, more=""):
    return f"<fileItem><deviceId>{escape(key)}</deviceId>" \
        f"<path>{escape(path)}</path><cimType>17</cimType>" \
        f"<create>false</create>{more}</fileItem>"


class Importing:
    """A part of vsphere.Host."""

    def __init__(self):
        self.importing = False
        self.received = b""

    def place(self):
        """Objects of the inventory: type, id, properties."""
        return [
            ("Datacenter", "dc", {"name": typed("dc"),
                                  "parent": ref("Folder", "root"),
                                  "vmFolder": ref("Folder", "f")}),
            ("Folder", "f", {"name": typed("vm"),
                             "parent": ref("Datacenter", "dc")}),
            ("Folder", "h", {"name": typed("host"),
                             "parent": ref("Datacenter", "dc")}),
            ("ComputeResource", "c", {"name": typed("host"),
                                      "parent": ref("Folder", "h"),
                                      "resourcePool": ref("ResourcePool", "p"),
                                      "datastore": refs("Datastore", "ds"),
                                      "environmentBrowser":
                                      ref("EnvironmentBrowser", "e")}),
            ("ResourcePool", "p", {"name": typed("Resources"),
                                   "parent": ref("ComputeResource", "c")}),
            ("HostSystem", "host", {
                "name": typed("host"),
                "parent": ref("ComputeResource", "c"),
                "datastore": refs("Datastore", "ds"),
                "network": refs("Network", "n"),
                "runtime.connectionState": typed("connected"),
                "runtime.inMaintenanceMode": typed("false", "xsd:boolean")}),
            ("Datastore", "ds", {
                "name": typed("ds"), "parent": ref("Folder", "h"),
                "summary.accessible": typed("true", "xsd:boolean"),
                "summary.freeSpace": typed(self.w["free_space"], "xsd:long"),
                "summary.maintenanceMode": typed("normal")}),
            ("Network", "n", {"name": typed("VM Network"),
                              "parent": ref("Folder", "h")}),
        ]

    def place_objects(self, wanted):
        """Those of wanted types, with wanted properties."""
        return "".join(
            f'<objects><obj type="{kind}">{moid}</obj>' + "".join(
                f"<propSet><name>{name}</name>{value}</propSet>"
                for name, value in props.items() if name in wanted[kind])
            + "</objects>"
            for kind, moid, props in self.place() if kind in wanted)

    def do_QueryConfigOptionDescriptor(self, _):
        return "<returnval><key>vmx-19</key><createSupported>true" \
            "</createSupported></returnval>"

    def do_CreateImportSpec(self, body):
        w = self.w
        self.descriptor_text = body.findtext("{*}ovfDescriptor")
        items = w["import_items_xml"] or item(w["import_key"], self.href())
        return "<returnval>" + w["import_spec_xml"] + items + \
            w["import_warnings_xml"] + w["import_errors_xml"] + "</returnval>"

    def href(self):
        return self.descriptor_text.split('ovf:href="')[1].split('"')[0]

    def do_ImportVApp(self, _):
        self.importing = True
        return '<returnval type="HttpNfcLease">lease-2</returnval>'

    def import_info(self):
        """Behind the key of a lease's file."""
        if not self.importing:
            return ""
        return f"<importKey>{escape(self.w['import_key'])}</importKey>"

    def do_ReconfigVM(self, _):
        return '<returnval type="Task">task-3</returnval>'
