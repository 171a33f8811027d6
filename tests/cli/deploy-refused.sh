#!/bin/bash
# What is no backup, or no longer what it was, is refused before anything
# moves: one line says why, and the host has seen no import.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

no_backup()
{
	local none='no backup: there is no descriptor (.ovf) in the'
	mkdir folder other
	echo hello >other/readme
	head -c 3000 /dev/zero >zeros.ova
	tar -cf text.ova --format=ustar -C other readme
	refused 66 'nowhere: open: No such file or directory' nowhere
	refused 65 "folder: $none folder" folder
	refused 65 'other/readme: no backup: neither a point, an .ovf nor an .ova' \
		other/readme
	refused 65 '/dev/null: no backup: neither a folder nor a file' /dev/null
	refused 65 'zeros.ova: no backup: neither a point, an .ovf nor an .ova' \
		zeros.ova
	refused 65 "text.ova: $none archive" text.ova
	refused 65 'standard input is empty' - </dev/null
	refused 65 'standard input is empty' - < <(:)
	refused 65 'standard input is no OVA' - <other/readme
	refused 65 'standard input is no OVA' - <zeros.ova
	refused 65 'standard input: an OVA begins with its descriptor, this with readme' \
		- <text.ova
	copy
	cp p/uefi01.ovf p/second.ovf
	rm p/backup.json
	refused 65 'p: 2 descriptors (.ovf): give one of them' p
}

# Points that are not what is restored over OVF.
other_points()
{
	copy
	jq '.kind = "inc"' "$POINT/backup.json" >p/backup.json
	refused 65 'p is an incremental point: make a full one of it first' p
	jq '.mode = "vmdk"' "$POINT/backup.json" >p/backup.json
	refused 65 'p: backup.json does not say which files its disks are' p
	jq '.mode = "tape"' "$POINT/backup.json" >p/backup.json
	refused 65 'p is a point of mode tape, which this version does not know' p
	echo '{' >p/backup.json
	refused 65 "p: backup.json:2:0: string or '}' expected near end of file" p
}

# changed LINE SED: the copy's descriptor is another, and its manifest right.
changed()
{
	copy
	edit p/uefi01.ovf "$2"
	if cmp -s p/uefi01.ovf "$POINT/uefi01.ovf"; then
		fail "nothing changed: $2"
	fi
	refused 65 "$1" p
}

# href NAME: the disk's file is called that.
href()
{
	changed "$1: only names in the backup's own folder are taken" \
		"s|href=\"uefi01-disk1.vmdk\"|href=\"$1\"|"
}

descriptor()
{
	changed 'p: uefi01.ovf: OVF 0.9 is not supported: convert it with ovftool' \
		's|schemas.dmtf.org/ovf/envelope/1|www.vmware.com/schema/ovf/1/envelope|g'
	changed 'p: uefi01.ovf: line 2: a DOCTYPE is not allowed' \
		'1a <!DOCTYPE x [<!ENTITY y "z">]>'
	href ../uefi01-disk1.vmdk
	href a/../../uefi01-disk1.vmdk
	href /etc/passwd
	href http://localhost/uefi01-disk1.vmdk
	href file:///etc/passwd
	changed "uefi01-disk1.vmdk: unknown compression 'bzip2'" \
		's|href="uefi01-disk1.vmdk"|& ovf:compression="bzip2"|'
	changed 'uefi01-disk1.vmdk is cut into chunks (ovf:chunkSize): join them and remove the attribute' \
		's|href="uefi01-disk1.vmdk"|& ovf:chunkSize="1000000"|'
	changed 'p describes 2 VMs, only one can be restored at a time' \
		'/<VirtualSystem /,/<\/VirtualSystem>/H
		/<\/VirtualSystem>/{G;s/ovf:id="uefi01"/ovf:id="two"/2;}'
	changed 'uefi01-disk1.vmdk: a disk of 41943040 bytes, the descriptor says 41943552' \
		's|ovf:capacity="[0-9]*"|ovf:capacity="41943552"|
		s|ovf:capacityAllocationUnits="[^"]*"||'
	changed "uefi01-disk1.vmdk has $(stat -c %s \
		"$POINT/uefi01-disk1.vmdk") bytes, the descriptor says 1234567" \
		's|ovf:size="[0-9]*"|ovf:size="1234567"|'
	changed "p: uefi01.ovf: Disk 'vmdisk1': there is no File 'file9'" \
		's|ovf:fileRef="file1"|ovf:fileRef="file9"|'
	copy
	sed -i 's|</Envelope>||' p/uefi01.ovf
	mark_host
	deploy 65 --name refused p
	said_like 'esxbk-deploy-ovf: restore refused: p: uefi01.ovf: line [0-9]+: Premature end of data in tag Envelope line 3'
	nothing_moved refused
}

files()
{
	local disk=uefi01-disk1.vmdk size
	size=$(stat -c %s "$POINT/$disk")
	copy; rm p/$disk
	refused 65 "p: there is no $disk" p
	copy; rm p/uefi01.nvram
	refused 65 'p: there is no uefi01.nvram' p
	copy; echo >>p/uefi01.nvram
	refused 65 'uefi01.nvram has 270841 bytes, the descriptor says 270840' p
	copy; truncate -s -512 p/$disk
	refused 65 "$disk has $((size - 512)) bytes, the descriptor says $size" p
	copy; flip p/$disk 0; resum
	refused 65 "$disk: not a sparse VMDK: it begins with 4a444d56" p
	copy; flip p/$disk 560; resum
	refused 65 "$disk: descriptor: no parentCID" p
	copy; rm p/$disk; ln -s "$POINT/$disk" p/
	refused 65 "p: $disk is no regular file" p
	copy; rm p/$disk; mkfifo p/$disk
	refused 65 "p: $disk is no regular file" p
}

digest_of()
{
	sha256sum <"$1" | cut -c-64
}

manifest()
{
	copy; sed -i /nvram/d p/uefi01.mf
	refused 65 'uefi01.mf does not name uefi01.nvram' p
	copy; sed -i 's/(uefi01.nvram)/(other.nvram)/' p/uefi01.mf
	refused 65 'uefi01.mf names other.nvram, which is not in the descriptor' p
	copy; sed -i '1{p;s/(.*)/(extra.txt)/;}' p/uefi01.mf
	refused 65 'uefi01.mf names extra.txt, which is not in the descriptor' p
	copy; sed -i 1p p/uefi01.mf
	refused 65 "p: uefi01.mf: line 2: 'uefi01.ovf' is on line 1 too" p
	copy; sed -i /ovf/d p/uefi01.mf
	refused 65 'uefi01.mf does not name uefi01.ovf' p
	copy; : >p/uefi01.mf
	refused 65 'uefi01.mf does not name uefi01.ovf' p
	copy; echo garbage >p/uefi01.mf
	refused 65 'p: uefi01.mf: line 1: not of the form SHA256(file)= hex' p
	copy; sed -i 's/VM Network/DMZ/' p/uefi01.ovf
	refused 65 "uefi01.ovf has SHA256 $(digest_of p/uefi01.ovf), the manifest says $(digest_of "$POINT/uefi01.ovf")" p
}

# item TEXT: the number of the line where the item with TEXT begins.
item()
{
	awk -v t="$1" '/<Item/ { n = NR } index($0, t) { print n; exit }' \
		p/uefi01.ovf
}

# All that the host has against the descriptor, or to say of it.
host_refuses()
{
	local no='the host refuses the descriptor: Line' nic
	copy
	edit p/uefi01.ovf 's|>VmxNet3<|>Pretended<|
		s|>VirtualSCSI<|>Imagined<|'
	nic=$(item Pretended)
	mark_host
	deploy 65 --name refused --json p
	same "$(cat err)" "esxbk-deploy-ovf: $no $nic: Unsupported virtual hardware device 'Pretended'.
esxbk-deploy-ovf: restore refused: $no $(item Imagined): Unsupported virtual hardware device 'Imagined'." \
		"all errors are told"
	same "$(restored '[.outcome, .changed, .exit, .class, .steps,
		.error.class]')" \
		'["failed",false,65,"data",{"preflight":"failed"},"data"]'
	nothing_moved refused
	# What the descriptor does without is a warning.
	copy
	edit p/uefi01.ovf "${nic}s|<Item>|<Item ovf:required=\"false\">|
		s|>VmxNet3<|>Pretended<|"
	deploy 0 --name warned --json p
	warned "Line $nic: Unsupported virtual hardware device 'Pretended'\\."
	same "$(restored '[.outcome, .exit, .warnings]')" "[\"warn\",0,[{\"code\":\"W_HOST\",\"text\":\"Line $nic: Unsupported virtual hardware device 'Pretended'.\"}]]"
	same "$(vm_state warned '.nics | length')" 0 "without the card"
	copy
	edit p/uefi01.ovf 's|^\( *\)<VirtualSystem |<VirtualSystemCollection ovf:id="all"><Info>i</Info>&|
		s|</VirtualSystem>|&</VirtualSystemCollection>|'
	refused 65 "$1" p
	copy
	deploy 65 --name unset --property no.such=1 p
	said "esxbk-deploy-ovf: restore unset: the host refuses the descriptor: The property 'no.such' is not in the OVF descriptor."
	gone unset
}

deploy_host esxi
point_of uefi01
no_backup
other_points
descriptor
files
manifest
host_refuses "the host refuses the descriptor: Line $(grep -n '<VirtualSystem ' \
	"$POINT/uefi01.ovf" | cut -d: -f1): Unsupported element 'VirtualSystemCollection'."
deploy_host vcenter
host_refuses 'the host makes a vApp of it, not a VM'
