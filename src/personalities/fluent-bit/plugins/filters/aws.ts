import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

/** Keys of the plugin, and of the records: what of the instance they are. */
const FACTS = {
  az: 'zone',
  ec2_instance_id: 'instanceId',
  ec2_instance_type: 'instanceType',
  private_ip: 'privateIp',
  ami_id: 'imageId',
  account_id: 'accountId',
  hostname: 'hostname',
  vpc_id: 'vpcId',
} as const

/** The EC2 instance. */
export const aws: FilterPlugin = {
  about: 'Adds metadata of the EC2 instance',
  options: {
    imds_version: option.needless('version 2 is asked, which every instance has', 'v2'),
    az: option.boolean('true'),
    ec2_instance_id: option.boolean('true'),
    ec2_instance_type: option.boolean('false'),
    private_ip: option.boolean('false'),
    ami_id: option.boolean('false'),
    account_id: option.boolean('false'),
    hostname: option.boolean('false'),
    vpc_id: option.boolean('false'),
    tags_enabled: option.boolean('false'),
    tags_include: option.list(),
    tags_exclude: option.list(),
    retry_interval_s: option.integer('300'),
    enable_entity: option.lost('entities of CloudWatch', 'false'),
  },
  translate(settings) {
    const isOn = (key: string) => settings.boolean(key) ?? (key === 'az' || key === 'ec2_instance_id')
    const fields = Object.fromEntries(Object.entries(FACTS).filter(([key]) => isOn(key)))
    const [include, exclude] = [settings.list('tags_include'), settings.list('tags_exclude')]
    const retryS = settings.integer('retry_interval_s')
    return [
      {
        ec2: {
          fields,
          ...(settings.boolean('tags_enabled') && { tags: include.length > 0 ? [...include] : ['*'] }),
          ...(exclude.length > 0 && { exceptTags: [...exclude] }),
          ...(retryS !== undefined && { retryInterval: `${Math.max(1, retryS)}s` }),
        },
      },
    ]
  },
}
