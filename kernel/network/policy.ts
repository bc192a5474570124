// Every rule of network under OpenStack's names, with its default and a sentence.
import { type PolicyRule, policyRules } from '../../eden/policy/rules.ts'

const admin = 'rule:context_is_admin'
const reader = 'rule:project_reader_or_admin'
const member = 'rule:project_member_or_admin'
const manager = 'rule:project_manager_or_admin'
const networkOwner = 'rule:context_is_admin or rule:service_role or (role:member and rule:network_owner)'
const sharedToo = `${networkOwner} or rule:shared`

type Rules = Record<string, PolicyRule>
const rule = (check: string, says: string): PolicyRule => ({ check, says })

/** The four rules of a kind, the one for reading with its own default. */
const four = (one: string, what: string, write: string, read: string): Rules => ({
  [`create_${one}`]: rule(write, `Create ${what}.`),
  [`get_${one}`]: rule(read, `See ${what}.`),
  [`update_${one}`]: rule(write, `Change ${what}.`),
  [`delete_${one}`]: rule(write, `Delete ${what}.`),
})

/** One rule for each attribute of a kind. */
const attributes = (prefix: string, check: string, says: string, names: string[]): Rules =>
  Object.fromEntries(names.map((name) => [`${prefix}:${name}`, rule(check, says)]))

const provider = ['provider:network_type', 'provider:physical_network', 'provider:segmentation_id']
const binding = ['binding:vif_type', 'binding:vif_details', 'binding:host_id', 'binding:profile']

const taggable = ['network', 'subnet', 'port', 'router', 'floatingip', 'security_group', 'subnetpool']
const tagRules: Rules = Object.fromEntries(
  taggable.flatMap((one) => [
    [`get_${one}s_tags`, rule(reader, `See the tags of a ${one}.`)],
    [`update_${one}s_tags`, rule(member, `Set the tags of a ${one}.`)],
    [`delete_${one}s_tags`, rule(member, `Remove tags of a ${one}.`)],
  ]),
)

const rules: Rules = {
  network_owner: rule('project_id:%(network:project_id)s', 'Owns the network that the thing stands in.'),
  ext_parent_owner: rule('project_id:%(ext_parent:project_id)s', 'Owns what the thing belongs to.'),
  shared: rule('field:networks:shared=True', 'The network is shared with the caller.'),
  external: rule('field:networks:router:external=True', 'The network is external.'),
  network_device: rule('field:port:device_owner=~^network:', 'The port belongs to the network itself.'),

  ...four('network', 'a network', member, `${reader} or rule:shared or rule:external`),
  'create_network:shared': rule(admin, 'Create a network that all projects may use.'),
  'create_network:router:external': rule(admin, 'Create an external network.'),
  'create_network:is_default': rule(admin, 'Create the default external network.'),
  'create_network:port_security_enabled': rule(member, 'Choose port security for a network.'),
  ...attributes('create_network', admin, 'Choose how a network is carried.', provider),
  ...attributes('get_network', admin, 'See how a network is carried.', provider),
  'update_network:shared': rule(admin, 'Share a network with all projects, or stop it.'),
  'update_network:router:external': rule(admin, 'Make a network external, or internal.'),
  'update_network:port_security_enabled': rule(member, 'Change port security of a network.'),

  ...four('subnet', 'a subnet', networkOwner, `${reader} or rule:shared`),
  ...four('subnetpool', 'a subnet pool', member, `${reader} or rule:shared`),
  'create_subnetpool:shared': rule(admin, 'Create a subnet pool for all projects.'),
  'create_subnetpool:is_default': rule(admin, 'Create the default subnet pool.'),
  'update_subnetpool:is_default': rule(admin, 'Make a subnet pool the default one.'),

  ...four(
    'port',
    'a port',
    'rule:project_member_or_admin or rule:service_role',
    `${reader} or rule:service_role or rule:network_owner`,
  ),
  delete_port: rule(`${networkOwner} or rule:project_member_api`, 'Delete a port.'),
  ...attributes('create_port', sharedToo, 'Choose the subnets of a port.', ['fixed_ips', 'fixed_ips:subnet_id']),
  ...attributes('create_port', networkOwner, 'Choose what the owner of a network may for its ports.', [
    'mac_address',
    'fixed_ips:ip_address',
    'port_security_enabled',
    'allowed_address_pairs',
  ]),
  'create_port:device_owner': rule(`not rule:network_device or ${networkOwner}`, 'Name what a port is for.'),
  ...attributes('create_port', 'rule:admin_or_service_api', 'Choose where a port is plugged in.', [
    'binding:host_id',
    'binding:profile',
  ]),
  'create_port:binding:vnic_type': rule(member, 'Choose the kind of network card.'),
  ...attributes('get_port', 'rule:admin_or_service_api', 'See where a port is plugged in.', binding),
  'update_port:mac_address': rule('rule:admin_or_service_api', 'Change the hardware address of a port.'),
  ...attributes('update_port', sharedToo, 'Change the subnets of a port.', ['fixed_ips', 'fixed_ips:subnet_id']),
  ...attributes('update_port', networkOwner, 'Change what the owner of a network may for its ports.', [
    'fixed_ips:ip_address',
    'port_security_enabled',
    'allowed_address_pairs',
  ]),
  'update_port:device_owner': rule(`not rule:network_device or ${networkOwner}`, 'Change what a port is for.'),
  ...attributes('update_port', 'rule:admin_or_service_api', 'Change where a port is plugged in.', [
    'binding:host_id',
    'binding:profile',
  ]),
  'update_port:binding:vnic_type': rule(`${member} or rule:service_role`, 'Change the kind of network card.'),

  ...four('router', 'a router', member, reader),
  'create_router:external_gateway_info': rule(member, 'Create a router with a gateway.'),
  'create_router:external_gateway_info:network_id': rule(member, 'Choose the external network of a new router.'),
  ...attributes('create_router:external_gateway_info', admin, 'Choose how a new router reaches out.', [
    'enable_snat',
    'external_fixed_ips',
  ]),
  'update_router:external_gateway_info': rule(member, 'Change the gateway of a router.'),
  'update_router:external_gateway_info:network_id': rule(member, 'Change the external network of a router.'),
  ...attributes('update_router:external_gateway_info', admin, 'Change how a router reaches out.', [
    'enable_snat',
    'external_fixed_ips',
  ]),
  add_router_interface: rule(member, 'Connect a router with a subnet.'),
  remove_router_interface: rule(member, 'Disconnect a router from a subnet.'),
  add_extraroutes: rule(member, 'Add routes to a router.'),
  remove_extraroutes: rule(member, 'Remove routes from a router.'),

  ...four('floatingip', 'a floating IP', member, reader),
  'create_floatingip:floating_ip_address': rule(admin, 'Choose the address of a floating IP.'),

  ...four('security_group', 'a security group', member, `${reader} or rule:shared`),
  ...four('security_group_rule', 'a security group rule', member, `${reader} or rule:ext_parent_owner`),

  ...four('rbac_policy', 'an RBAC policy', member, reader),
  'create_rbac_policy:target_tenant': rule(
    'rule:context_is_admin or (not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*)',
    'Share something with all projects.',
  ),
  'update_rbac_policy:target_tenant': rule(
    'rule:context_is_admin or (not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*)',
    'Share something with all projects.',
  ),

  get_quota: rule(`${manager} or ${reader}`, 'See the limits of a project.'),
  update_quota: rule(admin, 'Set the limits of a project.'),
  delete_quota: rule(admin, 'Set the limits of a project back to the defaults.'),
  get_availability_zone: rule('', 'See the availability zones.'),
  get_agent: rule(admin, 'See the hosts of the network.'),
  get_network_ip_availability: rule(admin, 'See how many addresses of each network are in use.'),
  get_service_provider: rule('', 'See which services the network has.'),
  ...tagRules,
}

export const networkPolicy = policyRules('network', rules)
