# fish completion for the tools of esxbk
#
# Every tool says itself which options it has (CMD --options): what is offered
# here cannot differ from what the tool takes.

# Names that the configuration has: plans, sites, repositories or notify.
function __esxbk_configured --argument-names what
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l tool (string replace --regex '^~/' $HOME/ -- $words[1])
    set -l config
    for i in (seq 2 (count $words))
        if string match --quiet -- '--config=*' $words[$i]
            set config $words[$i]
        else if test "$words[$i]" = --config -a $i -lt (count $words)
            set config --config=$words[(math $i + 1)]
        end
    end
    set -l plan (string replace --regex 'esxbk-[a-z-]*$' esxbk-plan -- $tool)
    $plan list --format=$what $config 2>/dev/null
end

# Operands: a point or package, or what a command of esxbk-plan takes.
function __esxbk_operands --argument-names tool sub word
    switch (basename $tool)" $sub"
        case 'esxbk-deploy-ovf *' 'esxbk-verify *' 'esxbk-plan pin' 'esxbk-plan unpin'
            __esxbk_values FILE $word ''
        case 'esxbk-plan ' 'esxbk-plan validate' 'esxbk-plan list' 'esxbk-plan add'
        case 'esxbk-plan notify'
            __esxbk_configured notify
        case 'esxbk-plan *'
            __esxbk_configured plans
    end
end

# Values of an option whose argument is called so; the prefix goes in front.
function __esxbk_values --argument-names argument word prefix
    set -l found
    switch $argument
        case DIR
            set found (__fish_complete_directories $word '')
        case FILE
            set found (__fish_complete_path $word)
        case PLAN
            set found (__esxbk_configured plans)
        case SITE
            set found (__esxbk_configured sites)
        case REPOSITORY
            set found (__esxbk_configured repositories)
        case 'HOST*'
            set found (__fish_print_hostnames)
        case '*|*'
            # A choice in capitals stands for something else.
            set found (string split '|' -- $argument |
                string match --invert --regex '^[A-Z]')
    end
    for value in $found
        echo $prefix$value
    end
end

function __esxbk_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l word (commandline --current-token --cut-at-cursor)
    set -l tool (string replace --regex '^~/' $HOME/ -- $words[1])
    set -l previous $words[-1]
    contains -- -- $words; and return
    command --query $tool; or return
    set -l sub
    if string match --quiet --regex 'esxbk-plan$' -- $tool
        if test (count $words) -eq 1; and not string match --quiet -- '-*' $word
            $tool --help | string replace --regex --filter '^  ([a-z-]+)  +' '$1\t'
            return
        end
        set sub (string match --invert -- '-*' $words[2])
    end
    set -l options ($tool $sub --options 2>/dev/null)

    # The option this word is a value of, if any.
    set -l name ''
    set -l prefix ''
    if string match --quiet -- '--*=*' $word
        set -l halves (string split --max 1 = -- $word)
        set name $halves[1]
        set prefix $name=
        set word $halves[2]
    else if string match --quiet --regex -- '^-[^-]' $previous
        set name -(string sub --start -1 -- $previous)
    else if string match --quiet -- '--*' $previous
        set name $previous
    end
    for line in $options
        set -l o (string split \t -- $line)
        if test -n "$name" -a -n "$o[3]"; and contains -- $name $o[1] $o[2]
            __esxbk_values $o[3] $word $prefix
            return
        end
    end

    if not string match --quiet -- '-*' $word
        __esxbk_operands $tool "$sub" $word
        return
    end
    for line in $options
        set -l o (string split \t -- $line)
        if test -n "$o[3]"
            printf '%s=\t%s\n' $o[2] $o[4]
        else
            printf '%s\t%s\n' $o[2] $o[4]
        end
        test -z "$o[1]"; or printf '%s\t%s\n' $o[1] $o[4]
    end
end

for tool in esxbk-list esxbk-export-ovf esxbk-export-vmdk esxbk-deploy-ovf esxbk-verify esxbk-plan
    complete --command $tool --no-files --arguments '(__esxbk_complete)'
end
