namespace Agent.Configuration;

/// <summary>Finds what somebody probably meant.</summary>
internal static class NearestName
{
    private const int MaxLength = 128;

    /// <summary>The candidate with the fewest typing errors between it and <paramref name="name"/>; null when none is near.</summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        // What is so long is no typing error of anything, and comparing takes the square of it.
        if (name.Length > MaxLength)
        {
            return null;
        }

        var limit = Math.Max(2, name.Length / 3);
        var (best, distance) = ((string?)null, limit + 1);
        foreach (var candidate in candidates)
        {
            var typingErrors = Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (typingErrors < distance)
            {
                (best, distance) = (candidate, typingErrors);
            }
        }

        return best;
    }

    /// <summary>"; did you mean X?" where something is near, otherwise the given text.</summary>
    public static string Hint(string name, IEnumerable<string> candidates, string otherwise) =>
        Find(name, candidates) is { } nearest ? $"did you mean {nearest}?" : otherwise;

    /// <summary>Edits between two words; swapping two neighbours is one edit (optimal string alignment).</summary>
    private static int Distance(string left, string right)
    {
        var edits = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
        {
            edits[i, 0] = i;
        }

        for (var j = 0; j <= right.Length; j++)
        {
            edits[0, j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            for (var j = 1; j <= right.Length; j++)
            {
                var substitution = edits[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(substitution, Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
                }
            }
        }

        return edits[left.Length, right.Length];
    }
}
