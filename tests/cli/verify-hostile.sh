#!/bin/bash
# Packages that were made to do harm, and places that are not as they should
# be: nothing outside is read, no line is forged, and the end is orderly.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/verify.sh" || exit 1
need truncate mkfifo flock setpriv

# ovf FILE... : a descriptor of these hrefs
ovf_of()
{
	local i=0 f
	echo "<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1'
		xmlns:ovf='http://schemas.dmtf.org/ovf/envelope/1'><References>"
	for f; do
		echo "<File ovf:id='f$((i++))' ovf:href='$f'/>"
	done
	echo "</References></Envelope>"
}

# Permissions count for root, too, until powerful.
powerless()
{
	[ "$(id -u)" -ne 0 ] ||
		UNDER=(setpriv "--bounding-set=-dac_override,-dac_read_search"
			"${UNDER[@]}")
}

powerful()
{
	[ "$(id -u)" -ne 0 ] || UNDER=("${UNDER[@]:2}")
}

no_digests="there is nothing to compare digests with"
mkdir d && cd d || exit 1
echo secret >../secret

# --- names ------------------------------------------------------------------

for href in ../secret /etc/passwd 'file:///etc/passwd' 'http://x/y' \
	'..\secret' a/../../secret ./x; do
	ovf_of "$href" >web.ovf
	verify 1 web.ovf
	same "$(grep -v '^web.ovf: OK$' out)" \
		"${href//\\/\\\\}: FAILED (its name leads out of the package)"
done
ovf_of link sub/secret >web.ovf
ln -s ../secret link && ln -s .. sub
verify 1 web.ovf
same "$(grep -v '^web.ovf: OK$' out)" "link: FAILED (it is no regular file)
sub/secret: FAILED (it is not there)"
rm link sub
# shellcheck disable=SC2094 # a name, not the file
ovf_of web.ovf web.mf >web.ovf
echo "SHA256(web.ovf)= $(sha256sum <web.ovf | cut -c-64)" >web.mf
verify 1 web.ovf
same "$(cat out)" "web.ovf: FAILED (the descriptor names it as a file of the VM)
web.mf: FAILED (the descriptor names it as a file of the VM)"
rm web.mf
mkdir below && echo x >below/file
ovf_of below/file 'a b&lt;ü' >web.ovf && echo >'a b<ü'
verify 0 --level deep web.ovf
same "$(cat out)" "web.ovf: OK
below/file: OK
a b<ü: OK"
same "$(cat err)" "esxbk-verify: warning: web.ovf: $no_digests"

# A name cannot forge a line, nor a terminal's title.
mkdir $'x\ny: OK'
cp web.ovf below/file 'a b<ü' $'x\ny: OK'
ovf_of file >$'x\ny: OK/web.ovf'
verify 0 $'x\ny: OK'
same "$(cat out)" 'x\012y: OK/web.ovf: OK
x\012y: OK/file: OK'
rm -r $'x\ny: OK'
mkdir x && ovf_of $'e\e]0;t' >x/web.ovf
verify 1 x
check "no control character comes out" sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" out'
rm -r x

# --- descriptors ------------------------------------------------------------

ovf_of file | sed "s/ ovf:href/ ovf:chunkSize='1000' ovf:href/" >web.ovf
verify 65 web.ovf
same "$(cat out err)" \
	"esxbk-verify: web.ovf: file is cut into chunks (ovf:chunkSize), which this version cannot read"
ovf_of file | sed "s/ ovf:href/ ovf:compression='lzma' ovf:href/" >web.ovf
verify 65 web.ovf
same "$(cat out err)" \
	"esxbk-verify: web.ovf: file is compressed (ovf:compression='lzma'), which this version cannot read"
ovf_of file | sed "s|envelope/1'|envelope/9'|" >web.ovf
verify 1 web.ovf
same "$(cat out)" \
	"web.ovf: FAILED (namespace 'http://schemas.dmtf.org/ovf/envelope/9' is neither OVF 1 nor OVF 2)"
echo "<Envelope xmlns='http://www.vmware.com/schema/ovf/1/envelope'/>" >web.ovf
verify 1 web.ovf
same "$(cat out)" \
	"web.ovf: FAILED (OVF 0.9 is not supported: convert it with ovftool)"
{ echo "<!DOCTYPE x [<!ENTITY e SYSTEM '../secret'>]>" && ovf_of '&e;'; } >web.ovf
verify 1 web.ovf
check "no DOCTYPE" grep -q "^web.ovf: FAILED (.*DOCTYPE" out
hasnt out secret
truncate -s 17M web.ovf
verify 1 web.ovf
same "$(cat out)" "web.ovf: FAILED (17825792 bytes, at most 16777216)"

# --- what is no file --------------------------------------------------------

rm web.ovf && mkfifo web.ovf
verify 65 web.ovf
same "$(cat err)" \
	"esxbk-verify: web.ovf: no backup: neither a folder nor a file"
verify 1 .
mkfifo x.vmdk
verify 65 x.vmdk
rm web.ovf && mkfifo fifo && ovf_of fifo >web.ovf
verify 1 web.ovf
has out "fifo: FAILED (it is no regular file)"
rm fifo x.vmdk
ovf_of below/file other >web.ovf && chmod 0 below/file && echo >other
powerless
verify 71 web.ovf
same "$(grep -v OK out)" \
	"below/file: FAILED (open below/file: Permission denied)"
same "$(tail -n 1 err)" "esxbk-verify: 1 of 3 files could not be read"
# What is damaged goes before, whichever comes first.
ovf_of below/file gone >web.ovf
verify 1 web.ovf
same "$(tail -n 1 err)" "esxbk-verify: 2 of 3 files damaged"
ovf_of gone below/file >web.ovf
verify 1 web.ovf
chmod 0 web.ovf
verify 71 web.ovf
powerful
chmod 600 below/file
cd .. || exit 1

# --- the point's lock -------------------------------------------------------

export_point uefi01
lock=$(echo points/.w-*)
lock=${lock/.w-/.r-}
good "$POINT"
check "the reader's lock stays" test -f "$lock"
flock -s "$lock" -c true
(flock 9 && touch locked && exec sleep 60) 9<>"$lock" &
holder=$!
wait_for 10 test -e locked
verify 75 "$POINT"
check "points are being removed" grep -qE "^esxbk-verify: $POINT: points are being removed: .*/${lock##*/} is locked by another run\$" err
# Which of several a retry will not mend is the status, whichever comes first.
verify 66 "$POINT" nowhere
verify 66 --json nowhere "$POINT"
same "$(jq -r '"\(.type) \(.exit)"' out)" $'verify 66\nverify 75\nsummary 66'
has err 'esxbk-verify: nowhere: open: No such file or directory'
has err 'is locked by another run'
kill $holder && wait $holder 2>/dev/null
good "$POINT"
# Where no lock can be made it is read all the same.
rm "$lock" && mkdir "$lock"
verify 0 "$POINT"
check "a warning" grep -qE "^esxbk-verify: warning: $POINT is read without a lock: open lock .*: Is a directory\$" err
rmdir "$lock"
chmod a-w points
powerless
verify 0 "$POINT"
check "a read-only folder" grep -qE "^esxbk-verify: warning: $POINT is read without a lock: open lock .*: Permission denied\$" err
powerful
chmod u+w points

# --- signals ----------------------------------------------------------------

mkfifo pipe
exec 8<>pipe
# A background job of a shell has no standard input but an explicit one.
# shellcheck disable=SC2034 # for finish
STARTED=(esxbk-verify --level deep -)
"${UNDER[@]}" "$B/esxbk-verify" --level deep - <pipe >out 2>err &
PID=$!
# More than a pipe holds: the end of that has been read from.
head -c 100000 "$POINT/uefi01-disk1.vmdk" >&8
sleep 0.2
kill -TERM "$PID"
finish 143
same "$(cat out err)" "esxbk-verify: interrupted by SIGTERM"
exec 8>&-
# A disk of a terabyte that takes a while.
mkdir big && ovf_of disk.iso >big/web.ovf && truncate -s 1T big/disk.iso
echo "SHA256(web.ovf)= $(sha256sum <big/web.ovf | cut -c-64)
SHA256(disk.iso)= $(sha256sum </dev/null | cut -c-64)" >big/web.mf
start esxbk-verify big
wait_for 60 has_read 100000000
kill -INT "$PID"
finish 130
same "$(cat out err)" "esxbk-verify: interrupted by SIGINT"
