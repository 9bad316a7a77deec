using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Agent.Core.Remediation;

/// <summary>
/// A label selector as kubectl has it: <c>app=web,tier!=cache,env in (a,b),env notin (c),track,!canary</c>. The label
/// <c>kubernetes.io/metadata.name</c> stands for the pod's namespace, which is known without the API server.
/// </summary>
public sealed partial class LabelSelector
{
    private const string NamespaceLabel = "kubernetes.io/metadata.name";
    private const int MaximumLength = 1024;

    private readonly ImmutableArray<Requirement> _requirements;

    private LabelSelector(ImmutableArray<Requirement> requirements) => _requirements = requirements;

    public static LabelSelector Everything { get; } = new([]);

    /// <summary>Whether labels must be known, which only the API server tells.</summary>
    public bool NeedsLabels => _requirements.Any(static requirement => requirement.Key != NamespaceLabel);

    /// <summary>Parses a selector; empty text selects everything.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LabelSelector? selector)
    {
        selector = null;
        if (text.Length > MaximumLength)
        {
            return false;
        }

        var requirements = ImmutableArray.CreateBuilder<Requirement>();
        if (text.Trim().Length > 0)
        {
            // A comma inside parentheses belongs to a set.
            foreach (var part in Separator().Split(text))
            {
                if (!TryParseRequirement(part.Trim(), out var requirement))
                {
                    return false;
                }

                requirements.Add(requirement);
            }
        }

        selector = new(requirements.ToImmutable());
        return true;
    }

    /// <summary>Whether a pod is selected.</summary>
    /// <param name="podNamespace">Its namespace.</param>
    /// <param name="labels">Its labels; may be empty when <see cref="NeedsLabels"/> is false.</param>
    public bool Matches(string podNamespace, IReadOnlyDictionary<string, string> labels) =>
        _requirements.All(requirement => requirement.IsMet(
            requirement.Key == NamespaceLabel ? podNamespace : labels.TryGetValue(requirement.Key, out var value) ? value : null));

    private static bool TryParseRequirement(string text, [NotNullWhen(true)] out Requirement? requirement)
    {
        requirement = null;
        if (Equality().Match(text) is { Success: true } equality)
        {
            requirement = new(equality.Groups["key"].Value, equality.Groups["operator"].Value == "!=", [equality.Groups["value"].Value]);
        }
        else if (Set().Match(text) is { Success: true } set)
        {
            var values = set.Groups["values"].Value.Split(',', StringSplitOptions.TrimEntries);
            requirement = values.All(static value => Value().IsMatch(value))
                ? new(set.Groups["key"].Value, set.Groups["not"].Length > 0, [.. values])
                : null;
        }
        else if (Existence().Match(text) is { Success: true } existence)
        {
            requirement = new(existence.Groups["key"].Value, existence.Groups["not"].Length > 0, null);
        }

        return requirement is not null;
    }

    [GeneratedRegex(@",(?![^(]*\))")]
    private static partial Regex Separator();

    [GeneratedRegex(@"^(?<key>[A-Za-z0-9][A-Za-z0-9._/-]*)\s*(?<operator>==|=|!=)\s*(?<value>[A-Za-z0-9._-]{0,63})$")]
    private static partial Regex Equality();

    [GeneratedRegex(@"^(?<key>[A-Za-z0-9][A-Za-z0-9._/-]*)\s+(?<not>not)?in\s*\((?<values>[^()]*)\)$")]
    private static partial Regex Set();

    [GeneratedRegex(@"^(?<not>!)?\s*(?<key>[A-Za-z0-9][A-Za-z0-9._/-]*)$")]
    private static partial Regex Existence();

    [GeneratedRegex("^[A-Za-z0-9._-]{0,63}$")]
    private static partial Regex Value();

    /// <param name="Key">The label.</param>
    /// <param name="Negated">True for !=, notin and !key: also met by a pod without the label.</param>
    /// <param name="Values">One of these; null when only its existence counts.</param>
    private sealed record Requirement(string Key, bool Negated, ImmutableArray<string>? Values)
    {
        public bool IsMet(string? value) => (value is not null && (Values is not { } values || values.Contains(value))) != Negated;
    }
}
