namespace Agent.Configuration;

/// <summary>What must hold between several keys.</summary>
internal static class ConfigurationConsistency
{
    public static IEnumerable<ConfigurationError> Check(AgentOptions options, IReadOnlyDictionary<string, ConfigurationEntry> origins)
    {
        if (options.Diagnosis.TablePressureWarning > options.Diagnosis.TablePressureCritical)
        {
            yield return Error(
                "Diagnosis:TablePressureWarning",
                "is above Diagnosis:TablePressureCritical",
                "a warning comes before the critical state: lower it");
        }

        if (options.Http.CertificateFile.Length == 0 != (options.Http.KeyFile.Length == 0))
        {
            var given = options.Http.KeyFile.Length == 0 ? "Http:CertificateFile" : "Http:KeyFile";
            yield return Error(given, "is given without the other half", "TLS needs both Http:CertificateFile and Http:KeyFile");
        }

        if (options.Http.CertificateFile.Length == 0 && options.Http.Listen.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
        {
            yield return Error(
                "Http:Listen", "is https without a certificate", "set Http:CertificateFile and Http:KeyFile, or listen on http");
        }

        if (!Directory.Exists(options.Collection.ProcRoot))
        {
            yield return Error(
                "Collection:ProcRoot", "is no directory, or may not be read", "name a mounted proc file system or a captured tree");
        }

        ConfigurationError Error(string key, string reason, string remedy) => origins.TryGetValue(key, out var entry)
            ? new(key, entry.Value, entry.Origin, reason, remedy)
            : new(key, null, "default", reason, remedy);
    }
}
