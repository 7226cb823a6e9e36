"""The names of AWS's services in `aws-sdk:` integrations: in the ARN, in error names, and in boto3.

Knows: names. Must never know: what a service does, or who answers for it.
An error name begins with the service's client class in the SDK for Java 2 ("SecretsManager" of SecretsManagerClient:
recorded for DynamoDb, S3, SecretsManager and Sfn); the ARN has the same in lower case. The class is made of the
service id in AWS's API models: words capitalised, a last "Service" left out (the SDK's NamingStrategy).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

_PREFIXES: Final = """
    AbuseSignal AccessAnalyzer Account AccountAccess AccountAccessRuntime Acm AcmPca AgentDiscovery
    AgentRegistry AgentRegistryControl AiOps Amp Amplify AmplifyBackend AmplifyUiBuilder ApiGateway
    ApiGatewayManagementApi ApiGatewayV2 ApiPortal AppConfig AppConfigData AppFabric AppIntegrations AppMesh
    AppRunner AppStream AppSync Appflow ApplicationAutoScaling ApplicationCostProfiler ApplicationDiscovery
    ApplicationInsights ApplicationSignals ArcRegionSwitch ArcZonalShift Artifact Athena AuditManager
    AutoScaling AutoScalingPlans B2Bi Backup BackupGateway BackupSearch Batch BcmDashboards BcmDataExports
    BcmPricingCalculator BcmRecommendedActions Bedrock BedrockAgent BedrockAgentCore BedrockAgentCoreControl
    BedrockAgentRuntime BedrockDataAutomation BedrockDataAutomationRuntime BedrockRuntime Billing
    Billingconductor Braket Budgets Chatbot Chime ChimeSdkIdentity ChimeSdkMediaPipelines ChimeSdkMeetings
    ChimeSdkMessaging ChimeSdkVoice CleanRooms CleanRoomsMl Cloud9 CloudControl CloudDirectory CloudFormation
    CloudFront CloudFrontKeyValueStore CloudHsm CloudHsmV2 CloudSearch CloudSearchDomain CloudTrail
    CloudTrailData CloudWatch CloudWatchLogs CloudWatchOmni CodeBuild CodeCatalyst CodeCommit CodeConnections
    CodeDeploy CodeGuruProfiler CodeGuruReviewer CodeGuruSecurity CodePipeline CodeStarConnections Codeartifact
    CodestarNotifications CognitoIdentity CognitoIdentityProvider CognitoSync Comprehend ComprehendMedical
    ComputeOptimizer ComputeOptimizerAutomation Config Connect ConnectCampaigns ConnectCampaignsV2 ConnectCases
    ConnectContactLens ConnectHealth ConnectParticipant ConnectScheduling Continuum ControlCatalog ControlTower
    CostAndUsageReport CostExplorer CostOptimizationHub CustomerProfiles DataBrew DataExchange DataPipeline
    DataSync DataZone DatabaseMigration Dax Deadline Detective DevOpsAgent DevOpsGuru DeviceFarm DirectConnect
    Directory DirectoryServiceData Dlm DocDb DocDbElastic Drs Dsql DynamoDb DynamoDbStreams Ebs Ec2
    Ec2InstanceConnect Ecr EcrPublic Ecs Efs Eks EksAuth ElastiCache ElasticBeanstalk ElasticLoadBalancing
    ElasticLoadBalancingV2 Elasticsearch ElementalInference Emr EmrContainers EmrServerless EndUserMessaging
    EntityResolution EventBridge EventBridgeV2 Evs FSx Firehose Fis Fms Forecast Forecastquery FraudDetector
    FreeTier GameLift GameLiftStreams GeoMaps GeoPlaces GeoRoutes Glacier GlobalAccelerator Glue Grafana
    Greengrass GreengrassV2 GroundStation GuardDuty Health HealthLake Iam IamToolbox Identitystore Imagebuilder
    ImportExport Inspector Inspector2 InspectorScan Interconnect InternetMonitor Invoicing IoTFleetWise
    IoTSecureTunneling IoTSiteWise IoTThingsGraph IoTTwinMaker Iot IotDataPlane IotDeviceAdvisor
    IotJobsDataPlane IotManagedIntegrations IotWireless Ivs IvsRealTime Ivschat Kafka KafkaConnect Kendra
    KendraRanking Keyspaces KeyspacesStreams Kinesis KinesisAnalytics KinesisAnalyticsV2 KinesisVideo
    KinesisVideoArchivedMedia KinesisVideoMedia KinesisVideoSignaling KinesisVideoWebRtcStorage Kms
    LakeFormation Lambda LambdaCore LambdaMicrovms LambdaWeb LaunchWizard LexModelBuilding LexModelsV2
    LexRuntime LexRuntimeV2 LicenseManager LicenseManagerLinuxSubscriptions LicenseManagerUserSubscriptions
    Lightsail Location LookoutEquipment M2 MTurk MachineLearning Macie2 MailManager ManagedBlockchain
    ManagedBlockchainQuery MarketplaceAgreement MarketplaceCatalog MarketplaceCommerceAnalytics
    MarketplaceDeployment MarketplaceDiscovery MarketplaceEntitlement MarketplaceMetering MarketplaceReporting
    MediaConnect MediaConvert MediaLive MediaPackage MediaPackageV2 MediaPackageVod MediaStore MediaStoreData
    MediaTailor MedicalImaging MemoryDb Mgn MigrationHub MigrationHubConfig MigrationHubOrchestrator
    MigrationHubRefactorSpaces MigrationHubStrategy Mpa Mq Mwaa MwaaServerless Neptune NeptuneGraph Neptunedata
    NetworkFirewall NetworkFlowMonitor NetworkManager NetworkMonitor NetworkSecurityManager Notifications
    NotificationsContacts NovaAct Oam ObservabilityAdmin Odb Omics OpenSearch OpenSearchMemory
    OpenSearchServerless Organizations Osis Outposts PartnerCentralAccount PartnerCentralBenefits
    PartnerCentralChannel PartnerCentralMarketing PartnerCentralRevenueMeasurement PartnerCentralSelling
    PaymentCryptography PaymentCryptographyData Payments PcaConnectorAd PcaConnectorScep Pcs Personalize
    PersonalizeEvents PersonalizeRuntime Pi Pinpoint PinpointEmail PinpointSmsVoice PinpointSmsVoiceV2 Pipes
    Polly Pricing PricingPlanManager Proton QApps QBusiness QConnect QuickSight Ram Rbin Rds RdsData Redshift
    RedshiftData RedshiftServerless Rekognition Repostspace Resiliencehub Resiliencehubv2 ResourceExplorer2
    ResourceGroups ResourceGroupsTaggingApi RolesAnywhere Route53 Route53Domains Route53GlobalResolver
    Route53Profiles Route53RecoveryCluster Route53RecoveryControlConfig Route53RecoveryReadiness Route53Resolver
    RtbFabric Rum S3 S3Control S3Files S3Outposts S3Tables S3Vectors SageMaker SageMakerA2IRuntime
    SageMakerFeatureStoreRuntime SageMakerGatewayRuntime SageMakerGeospatial SageMakerInferenceRouterRuntime
    SageMakerMetrics SageMakerRuntime SageMakerTrainingSessionRuntime SagemakerEdge SagemakerJobRuntime
    Savingsplans Scheduler Schemas SecretsManager SecurityAgent SecurityHub SecurityIr SecurityLake
    ServerlessApplicationRepository ServiceCatalog ServiceCatalogAppRegistry ServiceDiscovery ServiceQuotas Ses
    SesV2 Sfn Shield Signer SignerData Signin SimpleDb SimpleDbV2 SnowDeviceManagement Snowball Sns
    SocialMessaging Sqs Ssm SsmContacts SsmGuiConnect SsmIncidents SsmQuickSetup SsmSap Sso SsoAdmin SsoOidc
    StorageGateway Sts SupplyChain Support SupportApp SupportAuthz Sustainability Swf Synthetics TaxSettings
    Textract TimestreamInfluxDb TimestreamQuery TimestreamWrite Transcribe Transfer Translate TrustedAdvisor Uxc
    VerifiedPermissions VoiceId VpcLattice Waf WafRegional Wafv2 WellArchitected Wickr Wisdom WorkDocs WorkMail
    WorkMailMessageFlow WorkSpaces WorkSpacesThinClient WorkSpacesWeb WorkspacesInstances XRay
"""

_BOTO3: Final = """
    ce=costexplorer cognito-idp=cognitoidentityprovider cur=costandusagereport discovery=applicationdiscovery
    dms=databasemigration ds=directory ds-data=directoryservicedata elb=elasticloadbalancing
    elbv2=elasticloadbalancingv2 es=elasticsearch events=eventbridge iot-data=iotdataplane
    iot-jobs-data=iotjobsdataplane lex-models=lexmodelbuilding lexv2-models=lexmodelsv2
    lexv2-runtime=lexruntimev2 logs=cloudwatchlogs meteringmarketplace=marketplacemetering mgh=migrationhub
    sdb=simpledb serverlessrepo=serverlessapplicationrepository sms-voice=pinpointsmsvoice stepfunctions=sfn
"""

PREFIXES: Final[Mapping[str, str]] = {name.lower(): name for name in _PREFIXES.split()}
"""Service as an ARN has it -> what error names begin with."""

NAMES: Final[Mapping[str, str]] = {
    **dict(pair.split("=") for pair in _BOTO3.split()),
    "states": "sfn",
    "elasticmapreduce": "emr",
}
"""boto3's name, or an optimised integration's -> service as `aws-sdk:` has it, where they differ in more than hyphens."""


def prefix(service: str) -> str:
    """What begins the error names of `aws-sdk:<service>`; a service that is newer than this table is capitalised."""
    return PREFIXES.get(service, service[:1].upper() + service[1:])


def in_arns(name: str) -> str:
    """The service as `aws-sdk:` has it, for boto3's name of it, an optimised integration's, or that name itself."""
    return NAMES.get(name, name.replace("-", ""))


def close_to(service: str, *, sdk: bool) -> str:
    """`; did you mean 'secretsmanager'?` for an `aws-sdk:` service that the table has not, or nothing."""
    if not sdk or service in PREFIXES:
        return ""
    close = difflib.get_close_matches(service, PREFIXES, 1, 0.8)
    return f"; did you mean {close[0]!r}?" if close else ""
