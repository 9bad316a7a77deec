namespace Agent.Commands;

/// <summary>How a user wants text to look.</summary>
/// <param name="Color">Whether in colours.</param>
/// <param name="Width">Columns; null for those of the terminal.</param>
internal sealed record Appearance(ColorChoice Color = ColorChoice.Auto, int? Width = null)
{
    public const int MinWidth = 40;

    public const int MaxWidth = 1000;
}

/// <summary>Whether text is coloured.</summary>
internal enum ColorChoice
{
    /// <summary>As terminal and environment say.</summary>
    Auto,

    /// <summary>Everywhere.</summary>
    Always,

    /// <summary>Nowhere.</summary>
    Never,
}
