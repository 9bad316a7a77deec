namespace Agent.Sources;

/// <summary>The module nf_conntrack, which the kernel loads when it is asked for what the module does.</summary>
/// <param name="isLoaded">Whether it is loaded now.</param>
internal sealed class ConntrackModule(Func<bool> isLoaded)
{
    private bool _hasAsked;

    /// <summary>True during the scan whose question loaded it.</summary>
    public bool IsJustLoaded { get; private set; }

    /// <summary>Begins a scan: asks when the module may be missing, once for as long as this object lives.</summary>
    /// <param name="mayBeMissing">False where the settings that come with it are known, or where nothing can be asked.</param>
    /// <param name="ask">Asks the kernel for conntrack.</param>
    public void Prepare(bool mayBeMissing, Action ask)
    {
        IsJustLoaded = false;
        if (_hasAsked || !mayBeMissing || isLoaded())
        {
            return;
        }

        _hasAsked = true;
        ask();
        IsJustLoaded = isLoaded();
    }
}
