#!/bin/bash
# A backup that is as it was is OK at every level, in every form it has, and
# what was checked is told to programs.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/verify.sh" || exit 1

files_of_db='db01.ovf db01.mf backup.json db01-disk1.vmdk db01-disk2.vmdk'

lines()
{
	local prefix=$1 f
	shift
	for f; do
		echo "$prefix$f: OK"
	done
}

quick_host esxi
xp 0 -o points --quiesce off db01
POINT=$(cat out)
xp 0 -o points --quiesce off uefi01
uefi=$(cat out)
xp 0 -o sha512 --quiesce off --digest sha512 db01
sha512=$(cat out)
xp 0 -o db.ova --format ova --quiesce off db01
host_stop

for level in quick hash deep; do
	good --level "$level" "$POINT"
	# shellcheck disable=SC2086 # one word each
	same "$(cat out)" "$(lines "$POINT/" $files_of_db)" "$level: the point"
	good --level "$level" "$POINT/" "$uefi"
	has out "$POINT/db01.ovf: OK"
	has out "$uefi/uefi01.nvram: OK"
	good --level "$level" "$sha512"
	good --level "$level" "$POINT/db01.ovf"
	# shellcheck disable=SC2086
	same "$(cat out)" "$(lines "$POINT/" $files_of_db)" "$level: its .ovf"
	same "$(cd "$POINT" && "$B/esxbk-verify" --level "$level" db01.mf)" \
		"$(lines '' db01.ovf db01.mf backup.json db01-disk1.vmdk \
		db01-disk2.vmdk)" "$level: its .mf, from inside"
	good --level "$level" db.ova
	same "$(cat out)" "$(lines db.ova/ db01.ovf db01.mf db01-disk1.vmdk \
		db01-disk2.vmdk)" "$level: the OVA"
	good --level "$level" "$POINT/db01-disk1.vmdk"
	same "$(cat out)" "$POINT/db01-disk1.vmdk: OK" "$level: one disk"
	good --level "$level" - <"$POINT/db01-disk1.vmdk"
	same "$(cat out)" '-: OK' "$level: a disk on standard input"
	good --level "$level" - <db.ova
	same "$(sort out)" "$(lines -/ db01-disk1.vmdk db01-disk2.vmdk db01.mf \
		db01.ovf)" "$level: an OVA on standard input"
	good --level "$level" - < <(cat db.ova)
	good --level "$level" - < <(cat "$POINT/db01-disk1.vmdk")
done

# Readers share a lock, which stays; nothing else is written.
same "$(left points)" $'.r-ID\n.r-ID\n.w-ID\n.w-ID\ndb01_TIME\nuefi01_TIME' \
	"what is in the folder of points"

# With --json nothing but documents, and they tell what was computed.
verify 0 --json --level deep --result result "$POINT"
check "the same in both" cmp out result
same "$(jq -c '[.type, .path, .level, .outcome, .exit, .class, .error,
	.warnings, (.files | map(.outcome) | unique)]' out | head -n 1)" \
	"[\"verify\",\"$POINT\",\"deep\",\"ok\",0,\"ok\",null,[],[\"ok\"]]"
same "$(jq -c 'select(.type == "verify").disks[] |
	[.file, .capacity, .cid, .content_sha256]' out)" \
	"$(jq -c '.disks[] | [.file, .capacity, .cid, .content_sha256]' \
		"$POINT/backup.json")" "disks as in backup.json"
same "$(jq -r 'select(.type == "verify").files[] | select(.sha256) |
	.sha256 + "  " + .file' out | LC_ALL=C sort -k 2)" \
	"$(sed 's/^SHA256(\(.*\))= \(.*\)/\2  \1/' "$POINT/db01.mf" |
		LC_ALL=C sort -k 2)" \
	"digests as in the manifest"
same "$(jq -c 'select(.type == "verify") |
	.bytes == ([.files[] | select(.file | endswith("vmdk")) | .bytes] |
	add)' out)" true "each disk was read once"
same "$(jq -c 'select(.type == "summary")' out)" \
	'{"schema":"esxbk.result/1","type":"summary","packages":1,"ok":1,"failed":0,"files":5,"damaged":0,"exit":0,"class":"ok","error":null}'

# A large file shows how far it is, small ones do not.
truncate -s 80M large.iso
cat >large.ovf <<-'EOF'
	<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"
	    xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"><References>
	<File ovf:id="a" ovf:href="large.iso"/></References></Envelope>
EOF
echo "SHA256(large.ovf)= $(sha256sum <large.ovf | cut -c-64)
SHA256(large.iso)= $(sha256sum <large.iso | cut -c-64)" >large.mf
verify 0 --progress json large.ovf
same "$(tail -n 1 err | jq -c '[.type, .disk, .capacity, .bytes, .percent,
	.done]')" '["progress","large.iso",83886080,83886080,100,true]'
rm large.iso
verify 0 --progress json "$POINT"
same "$(cat err)" ''

# Quiet, and with many threads.
verify 0 -q --level deep -j 16 "$POINT"
same "$(cat out err)" '' "-q says nothing of what is good"
verify 64 -j 0 "$POINT"
same "$(cat err)" "esxbk-verify: --jobs: from 1 to 64"
verify 64
same "$(cat err)" "esxbk-verify: what is to be checked?"
