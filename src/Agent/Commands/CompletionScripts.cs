using System.Collections.Immutable;
using System.Text;

namespace Agent.Commands;

/// <summary>
/// Completion scripts. Every word in them is this program's own, of letters, digits and dashes: nothing has to be quoted.
/// </summary>
internal static class CompletionScripts
{
    /// <summary>For bash, and for zsh by its emulation of bash's completion (bashcompinit).</summary>
    public static string Posix(ImmutableArray<CompletionWords> commands, string shell)
    {
        var script = new StringBuilder();
        if (shell == "zsh")
        {
            script.Append("#compdef closewatch\nautoload -U +X bashcompinit && bashcompinit\n");
        }

        script.Append("""
            _closewatch() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= words= i
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "$path ${COMP_WORDS[i]}" in

            """);
        foreach (var command in commands.Where(static command => command.Path.Length > 0))
        {
            script.Append("            ' ").Append(command.Path).Append("') path=' ").Append(command.Path).Append("' ;;\n");
        }

        script.Append("        esac\n    done\n    case \"$path $before\" in\n");
        foreach (var command in commands)
        {
            var path = command.Path.Length == 0 ? "" : " " + command.Path;
            foreach (var (option, values) in command.Values)
            {
                script.Append("        '").Append(path).Append(' ').Append(option).Append("') ");
                script.Append(values.IsEmpty ? "COMPREPLY=($(compgen -f -- \"$word\")); return" : $"words='{string.Join(' ', values)}'");
                script.Append(" ;;\n");
            }
        }

        script.Append("    esac\n    if [ -z \"$words\" ]; then\n        case \"$path\" in\n");
        foreach (var command in commands)
        {
            var path = command.Path.Length == 0 ? "" : " " + command.Path;
            script.Append("            '").Append(path).Append("') words='").AppendJoin(' ', command.Words).Append("' ;;\n");
        }

        script.Append("        esac\n    fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n");
        return script.Append("complete -F _closewatch closewatch\n").ToString();
    }

    /// <summary>For fish.</summary>
    public static string Fish(ImmutableArray<CompletionWords> commands)
    {
        var script = new StringBuilder("complete -c closewatch -f\n");
        foreach (var command in commands)
        {
            var last = command.Path.Split(' ')[^1];
            var condition = command.Path.Length == 0
                ? "__fish_use_subcommand"
                : $"__fish_seen_subcommand_from {last}";
            foreach (var word in command.Words.Where(static word => !word.StartsWith('-')))
            {
                script.Append("complete -c closewatch -n '").Append(condition).Append("' -a ").Append(word).Append('\n');
            }

            foreach (var option in command.Words.Where(static word => word.StartsWith("--", StringComparison.Ordinal)))
            {
                script.Append("complete -c closewatch -n '").Append(condition).Append("' -l ").Append(option, 2, option.Length - 2);
                if (command.Values.TryGetValue(option, out var values))
                {
                    script.Append(values.IsEmpty ? " -r -F" : $" -x -a '{string.Join(' ', values)}'");
                }

                script.Append('\n');
            }

            // The short form of an option with a value; of one without there is nothing to complete.
            foreach (var (name, values) in command.Values.Where(static value => value.Key is ['-', not '-']))
            {
                script.Append("complete -c closewatch -n '").Append(condition).Append("' -s ").Append(name, 1, name.Length - 1)
                    .Append(values.IsEmpty ? " -r -F" : $" -x -a '{string.Join(' ', values)}'").Append('\n');
            }
        }

        return script.ToString();
    }
}
