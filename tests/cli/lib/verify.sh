# shellcheck shell=bash
# What the tests of esxbk-verify share.  Source it after lib.sh.
#
#	export_point VM         of a host of its own; the point's path in POINT
#	copy                    $POINT anew as ./p, to be damaged; p/ is writable
#	verify STATUS ARG...    run STATUS esxbk-verify ARG...
#	good ARG...             verify 0, and every line says OK
#	damaged LINE ARG...     verify 1, and LINE is the only one that failed
#	flip FILE OFFSET        changes one byte
#	resum                   p's manifest made to match its files
#	edit FILE SED           with its digest in p's manifest made right

# shellcheck source=/dev/null
. "$T/cli/lib/fault.sh" || exit 1
need sha256sum jq python3

export_point()
{
	quick_host esxi
	xp 0 -o points --quiesce off "$1"
	POINT=$(cat out)
	host_stop
}

copy()
{
	rm -rf p
	cp -r "$POINT" p && chmod -R u+w p
}

verify()
{
	local want=$1
	shift
	run "$want" esxbk-verify "$@"
}

good()
{
	verify 0 "$@"
	same "$(grep -vc ': OK$' out)" 0 "all is OK"
	[ -s out ] || fail "nothing was checked"
	same "$(cat err)" '' "without a warning"
}

damaged()
{
	local line=$1 all
	shift
	verify 1 "$@"
	same "$(grep -v ': OK$' out)" "$line"
	all=$(wc -l <out)
	same "$(tail -n 1 err)" \
		"esxbk-verify: $(wc -l <<<"$line") of $all files damaged"
}

flip()
{
	python3 - "$1" "$2" <<-'PY'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2]))
		    old = f.read(1)
		    f.seek(int(sys.argv[2]))
		    f.write(bytes([old[0] ^ 1]))
	PY
}

resum()
{
	(
		cd p || exit 1
		for f in *.ovf *.vmdk *.nvram; do
			[ ! -e "$f" ] || echo "SHA256($f)= $(sha256sum \
				<"./$f" | cut -c-64)"
		done >"$(echo *.mf)"
	)
}

edit()
{
	sed -i "$2" "$1" && resum
}
