namespace Agent.Core.Ends;

/// <summary>Which TLS alert so many bytes may be: see <see cref="ControlSizes"/>.</summary>
public enum AlertLength : byte
{
    /// <summary>None, or the connection carried too little to be one of TLS.</summary>
    None,

    /// <summary>One of a suite with AEAD. In TLS no request is as short; in the clear one may be.</summary>
    Aead,

    /// <summary>One of a suite with CBC, or in TLS with AEAD a short request.</summary>
    Cbc,
}
