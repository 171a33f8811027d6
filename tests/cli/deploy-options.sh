#!/bin/bash
# What cannot be meant is refused at once; a dry run tells where to and changes
# nothing; and a program gets just the document that esxbk-result(5) describes.
# timeout: 180
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1
need mandoc
HELP='(see esxbk-deploy-ovf --help)'

# usage TEXT ARG...: 64 on the spot, the host is not asked for anything.
usage()
{
	local text=$1
	shift
	mark_host
	deploy 64 "$@"
	same "$(cat err)" "esxbk-deploy-ovf: $text"
	same "$(cat out)" '' "nothing on stdout"
	same "$(begun .)" 0 "nothing asked of the host"
}

usages()
{
	AT=()
	usage "which backup? Give a point, an .ovf, an .ova or - for standard input" --name x
	usage "one backup at a time" --name x a b
	usage "what is the new VM called? Give --name NAME" a
	usage "what is the new VM called? Give --name NAME" --name= a
	usage "--name: 81 characters, a VM's name has 80 at most" --name "$(printf 'é%.0s' {1..81})" a
	usage "--name: not text in UTF-8 on one line" --name $'x\ny' a
	usage "--name: not text in UTF-8 on one line" --name $'x\xff' a
	usage "--wait is for a VM that is started: add --power-on" --name x --wait=ip a
	usage "--wait up: tools, ip or off, and =TIME" --name x --power-on --wait=up a
	usage "--wait tool: tools, ip or off, and =TIME" --name x --power-on --wait=tool a
	usage "--wait: no time at all" --name x --power-on --wait=off=0s a
	usage "--wait: 5x: unknown unit 'x'" --name x --power-on --wait=ip=5x a
	usage "--disk-mode: 'flat' is none of thin, thick, eagerZeroedThick $HELP" --disk-mode=flat --name x a
	usage "--state: 'absent' is none of present $HELP" --state=absent --name x a
	usage "--retries: some: not a number $HELP" --retries=some --name x a
	usage "--property: KEY=VALUE" --property=hostname --name x a
	usage "--property: KEY=VALUE" --property==x --name x a
	usage "--network LAN: not SRC=DST" --name x --network LAN a
	usage "option '--name' is given twice $HELP" --name x --name y a
	usage "--exit-code goes only with --dry-run $HELP" --exit-code --name x a
	usage "unknown option '--nam', did you mean '--name'? $HELP" --nam x a
	usage "--test has a name of its own and starts the VM: no --name" --test --name x a
	usage "--test has a name of its own and starts the VM: no --power-on" --test --power-on a
	usage "--test has a name of its own and starts the VM: no --keep-identity" --test --keep-identity a
	usage "--test has a name of its own and starts the VM: no --state" --test --state=present a
}

# Before a password is asked for.
terminal()
{
	local rc=0
	need script
	script -qec "$B/esxbk-deploy-ovf -s localhost:1 -u root --name x -" \
		/dev/null </dev/null >out 2>&1 || rc=$?
	same "$(tr -d '\r' <out)" "esxbk-deploy-ovf: standard input is a terminal, there is no OVA in it"
	same "$rc" 64 "a terminal is no archive"
}

# What needs neither a backup nor a host.
alone()
{
	run 0 esxbk-deploy-ovf --help
	same "$(head -n 1 out)" "Usage: esxbk-deploy-ovf [OPTION]... -s HOST -u USER --name NAME"
	run 0 esxbk-deploy-ovf --version
	check "its version" grep -qxE 'esxbk-deploy-ovf [0-9.]+' out
	run 0 esxbk-deploy-ovf --options
	has out $'\t--network\tSRC=DST\t'
}

dry_run()
{
	local place
	mark_host
	deploy 0 -n --name dry --network DMZ='VM Network' "$POINT"
	place=$(grep -v network out)
	same "$(grep network out)" "dry: network VM Network becomes VM Network
dry: network DMZ becomes VM Network"
	same "$(head -n 2 out)" "dry: would be restored
dry: datastore datastore1"
	same "$(wc -l <<<"$place")" 5 "datastore, folder, pool and host"
	same "$(cat err)" '' "nothing on stderr"
	nothing_moved dry
	deploy 10 --dry-run --exit-code --name dry "$POINT"
	same "$(cat err)" '' "10 needs no reason"
	deploy 10 -n --exit-code --test "$POINT"
	check "a test's name" grep -qxE \
		'esxbk-test-[0-9]{8}_[0-9]{6}-[0-9a-f]{8}: would be restored' out
	deploy 73 -n --exit-code --name prod-web "$POINT"
	said "esxbk-deploy-ovf: restore prod-web: there is a VM 'prod-web' ($(moid 12)) already"
	nothing_moved dry
}

present()
{
	local id
	deploy 0 --name again --state=present "$POINT"
	id=$(cat out)
	mark_host
	document 0 present --state=present --name again "$POINT"
	same "$(restored '[.changed, .outcome, .exit, .vm.moid]')" \
		"[false,\"ok\",0,\"$id\"]"
	nothing_moved none
	deploy 0 -n --exit-code --state=present --name again "$POINT"
	same "$(head -n 1 out)" "again: is there as asked"
	# Its disks have taken the room that another would want.
	ctl 'datastore?free=1000' '{}' >/dev/null
	ctl 'host?maintenance=true' '{}' >/dev/null
	deploy 0 --name again --state=present "$POINT"
	same "$(cat out)" "$id"
	deploy 75 --name another --state=present "$POINT"
	ctl 'host?maintenance=false' '{}' >/dev/null
	deploy 74 --name another --state=present "$POINT"
	ctl 'datastore?free=100000000000' '{}' >/dev/null
}

# --- the document -----------------------------------------------------------

# From the page: lines "NAME TYPE,... required|optional", "bytes.sent" for what
# is in "bytes".
manual()
{
	awk '
	function flush(	i)
	{
		for (i = 1; i <= n; i++)
			print name[i], type, optional ? "optional" : "required"
		n = 0
	}
	function types(text)
	{
		sub(/.* No /, "", text)
		gsub(/array of objects/, "array", text)
		gsub(/s( |$)/, " ", text)
		gsub(/ or /, ",", text)
		gsub(/ /, "", text)
		return text
	}
	/^\.Sh / { inside = $0 == ".Sh RESTORE" }
	!inside { next }
	/^\.Bl/ { flush(); up = top; depth++ }
	/^\.El/ { flush(); depth-- }
	/^\.It/ {
		flush()
		optional = 0
		if (!/ No /)
			next
		type = types($0)
		for (i = 3; $i != "No"; i++) {
			if ($i == ",")
				continue
			name[++n] = depth > 1 ? up "." $i : $i
			if (depth == 1)
				top = $i
		}
	}
	/missing/ { optional = 1 }' "$T/../man/esxbk-result.5"
}

# Of what is found in a document: lines "NAME TYPE"; of the lists the first.
found()
{
	jq -r 'select(.type | startswith("restore")) |
		(to_entries[] | "\(.key) \(.value | type)"),
		("vm", "bytes", "placement", "files", "warnings", "error") as $k |
		.[$k] | (arrays[] // objects) // empty | to_entries[] |
		"\($k).\(.key) \(.value | type)"' "$1" | sort -u
}

# judge_document FILE: each member is as the page says, none is missing.
judge_document()
{
	awk '
	NR == FNR {
		types[$1] = "," $2 ","
		if ($3 == "required")
			required[$1]
		next
	}
	{
		seen[$1]
		split($1, parts, ".")
		if (parts[2] != "")
			there[parts[1]]
		if (!($1 in types))
			print $1 " is not in the page"
		else if (!index(types[$1], "," $2 ","))
			print $1 " is " $2 ", the page says" types[$1]
	}
	END {
		for (r in required) {
			split(r, parts, ".")
			if (!(r in seen) &&
			    (parts[2] == "" || parts[1] in there))
				print r " is missing"
		}
	}' members <(found "$1")
}

# document STATUS NAME ARG...: a run with --json; the document goes to docs/.
document()
{
	local want=$1 name=$2
	shift 2
	deploy "$want" --json "$@"
	cp out "docs/$name"
	same "$(judge_document out)" '' "$name: as esxbk-result(5) has it"
	same "$(wc -l <out)" 2 "$name: a document and the sum"
	same "$(tail -n 1 out | jq -c '[keys_unsorted, .schema, .type, .exit]')" \
		"[[\"schema\",\"type\",\"exit\",\"class\",\"error\"],\"esxbk.result/1\",\"summary\",$want]" "$name: the sum"
	same "$(restored '[.schema, .exit, .class]')" \
		"[\"esxbk.result/1\",$(tail -n 1 out | jq -c '.exit, .class' |
		paste -sd ,)]" "$name: says what the sum says"
}

documents()
{
	local file=$POINT/prod-web-disk1.vmdk size
	size=$(stat -c %s "$file")
	document 0 whole --name whole --power-on --wait ip "$POINT"
	same "$(restored '[.type, .vm.name, .outcome, .changed, .exit, .class,
		.fault, .source, .point, .error, .warnings]')" \
		"[\"restore\",\"whole\",\"ok\",true,0,\"ok\",null,\"$POINT\",\"${POINT##*/}\",null,[]]"
	same "$(restored '[.vm.moid, (.vm.ip | length > 6)]')" \
		"[\"$(vm_state whole .id)\",true]"
	same "$(restored '[.started | test("^20[0-9T:-]{17}Z$")] +
		[.seconds, .boot_seconds | . > 0]')" '[true,true,true]'
	same "$(restored .bytes)" "{\"capacity\":$((64 << 20)),\"sent\":$size}"
	same "$(restored .networks)" '{"VM Network":"VM Network","DMZ":"DMZ"}'
	same "$(restored .placement.datastore)" datastore1
	same "$(restored .files)" "[{\"file\":\"${file##*/}\",\"capacity\":$((64 << 20)),\"bytes\":$size,\"sent\":$size,\"sha256\":\"$(sha256sum <"$file" | cut -c-64)\",\"host_check\":\"verified\",\"outcome\":\"ok\"}]"
	same "$(restored .steps)" '{"preflight":"ok","host_check":"ok","transfer":"ok","identity":"ok","power_on":"ok","wait":"ok"}'
	document 73 clash --name whole "$POINT"
	same "$(restored '[.outcome, .changed, .vm.moid, .files, .error.class]')" \
		'["failed",false,null,[],"create"]'
	document 66 nowhere --name x --datastore='?' "$POINT"
	same "$(restored '[.placement, .point, .steps]')" \
		"[{},\"${POINT##*/}\",{\"preflight\":\"failed\"}]"
	document 66 nothing --name x there-is-none
	document 0 dry -n --name x "$POINT"
	same "$(restored '[.dry_run, .changed, .files]')" '[true,true,[]]'
	document 0 test --test "$POINT"
	same "$(restored '[.type, (.vm.name | startswith("esxbk-test-")),
		.steps.destroy]')" '["restore-test",true,"ok"]'
	fault '{"kind": "fault", "method": "PowerOnVM_Task", "type": "NotSupported"}'
	document 3 stopped --power-on --name stopped "$POINT"
	same "$(restored '[.outcome, .changed, .exit, .class, .fault,
		.steps.power_on, .vm.moid]')" "[\"partial\",true,3,\"partial\",\"NotSupported\",\"failed\",\"$(vm_state stopped .id)\"]"
	fault '{"kind": "fault", "method": "PowerOnVM_Task", "type": "NotSupported"}'
	document 1 negative --test "$POINT"
	same "$(restored '[.outcome, .class, .steps.destroy]')" \
		'["failed","negative","ok"]'
}

# An nvram has no capacity; --insecure is told, and that there is no manifest.
rare_members()
{
	rm -rf bare && cp -r "$POINT" bare && chmod -R u+w bare && rm bare/*.mf
	document 0 bare --insecure --name bare bare
	same "$(restored '[.outcome, .insecure, [.warnings[].code],
		[.files[] | has("capacity")]]')" \
		'["warn",true,["W_NO_MANIFEST"],[true,false]]'
	same "$(restored '.warnings[0].text')" "$NO_MANIFEST"
}

# A member of the page that no run has shown is perhaps no member.
all_shown()
{
	same "$(comm -23 <(cut -d " " -f 1 members | sort -u) <(
		for f in docs/*; do found "$f"; done |
			cut -d ' ' -f 1 | sort -u))" '' \
		"each member of the page was seen"
}

# stdout stays as it is where the document goes to a file.
result_file()
{
	deploy 0 --name filed --result=result.json "$POINT"
	same "$(cat out)" "$(vm_state filed .id)" "the id"
	same "$(judge_document result.json)" '' "--result: the same document"
	deploy 64 --result=usage.json "$POINT"
	same "$(jq -c '[.type, .exit, .error.class]' usage.json)" \
		'["summary",64,"usage"]'
}

mkdir docs
manual | sort -u >members
check "the page has $(wc -l <members) members" test "$(wc -l <members)" -gt 35
deploy_host esxi
alone
usages
terminal
point_of prod-web
dry_run
present
documents
result_file
point_of uefi01
rare_members
all_shown
gone x

# Of a vCenter the place has more to it.
deploy_host vcenter
point_of prod-web
# shellcheck disable=SC2034 # of deploy.sh
AT=(--folder Lab/vm/web)
document 0 vcenter --name x "$POINT"
same "$(restored '[.placement | keys_unsorted, .folder]')" \
	'[["datastore","folder","pool","host"],"Lab/vm/web"]'
document 73 vcenter-clash --name prod-web "$POINT"
# shellcheck disable=SC2034
AT=()
document 64 vcenter-where --name y "$POINT"
same "$(restored .error.text)" "restore y: --folder is needed: there are 'db', 'old', 'vm', 'web'"
